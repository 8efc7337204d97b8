"""What is done in a machine that is ready, before its power button is pressed."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from goldsmith.machine.driver import Machine


@dataclass(frozen=True, slots=True)
class Visit:
    """`pay` is called with the machine in a thread of its own, and has `seconds`; then the machine is powered off."""

    pay: Callable[[Machine], object]
    seconds: float


class Visiting:
    """A visit that is being paid."""

    def __init__(self, visit: Visit, machine: Machine) -> None:
        self._deadline = time.monotonic() + visit.seconds
        pool = ThreadPoolExecutor(1, thread_name_prefix=f"visit {machine.spec.name}")
        self._paid = pool.submit(visit.pay, machine)
        pool.shutdown(wait=False)

    def over(self) -> bool:
        """Whether it has ended, or had its time. Raises what `pay` raised: only a defect of goldsmith's can be."""
        if not self._paid.done():
            return time.monotonic() > self._deadline
        self._paid.result()
        return True
