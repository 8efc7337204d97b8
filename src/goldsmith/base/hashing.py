"""Digests of large files, with progress."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from goldsmith.events import Emit, Progress

CHUNK = 4 << 20
ZEROS = bytes(CHUNK)
STEP = "base"
"""The step of the build that progress of this layer belongs to."""


class Readable(Protocol):
    def readinto(self, buffer: bytearray, /) -> int | None: ...


def chunks(file: Readable) -> Iterator[memoryview]:
    """The rest of a file, piece by piece; each piece is only valid until the next one."""
    buffer = bytearray(CHUNK)
    view = memoryview(buffer)
    while count := file.readinto(buffer):
        yield view[:count]


def is_zero(chunk: bytes | memoryview) -> bool:
    """Whether a piece of at most CHUNK bytes is all zeros, at the speed of memcmp."""
    return bytes(chunk) == ZEROS[: len(chunk)]


def sha256_of(path: Path, progress: Callable[[int], None] = lambda _: None) -> str:
    """The SHA-256 of a file as hex; `progress` takes the bytes done so far. Raises OSError."""
    digest = hashlib.sha256()
    done = 0
    with path.open("rb", buffering=0) as file:
        for chunk in chunks(file):
            digest.update(chunk)
            done += len(chunk)
            progress(done)
    return digest.hexdigest()


def reporting(emit: Emit, total: int | None) -> Callable[[int], None]:
    """A progress callback that says bytes done of `total`."""

    def report(done: int) -> None:
        emit(Progress(STEP, done, total))

    return report
