"""What a program prints, kept up to a limit: one that prints without end fills neither memory nor disk."""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Collected:
    """The first bytes of each output, whether there was more, and what `ended` said: None where it runs on."""

    texts: tuple[bytes, ...]
    cut: bool
    status: int | None


def collect(
    readers: Sequence[int], ended: Callable[[], int | None], *, limit: int, timeout: float, linger: float
) -> Collected:
    """Read pipes until the program has ended and nobody writes to them any more, at most `timeout` seconds.

    `ended` gives its status, None while it runs; what daemons that it left behind print is read for `linger` seconds
    more. Of each pipe `limit` bytes are kept. The readers stay open.
    """
    kept, cut, status = {reader: bytearray() for reader in readers}, False, None
    deadline = time.monotonic() + timeout
    with selectors.DefaultSelector() as waiting:
        for reader in readers:
            os.set_blocking(reader, False)
            waiting.register(reader, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            for key, _ in waiting.select(0.05) if waiting.get_map() else ():
                block = os.read(key.fd, 1 << 16)
                if not block:
                    waiting.unregister(key.fd)
                room = limit - len(kept[key.fd])
                kept[key.fd] += block[:room]
                cut = cut or len(block) > room
            if status is None:
                status = ended()
                if status is not None:
                    deadline = min(deadline, time.monotonic() + linger)
            if not waiting.get_map():
                if status is not None:
                    break
                time.sleep(0.01)
    return Collected(tuple(bytes(kept[reader]) for reader in readers), cut, status)
