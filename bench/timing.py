"""Wall-clock times of the parts of a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """One way to do the job: seconds by part, and the bytes of the packed result."""

    name: str
    parts: dict[str, float]
    size: int

    @property
    def seconds(self) -> float:
        return sum(self.parts.values())

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "seconds": self.seconds, "parts": self.parts, "size": self.size}


@contextmanager
def timed(parts: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    parts[name] = parts.get(name, 0.0) + time.perf_counter() - started
