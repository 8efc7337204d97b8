"""Bounded reads at absolute offsets of a disk image, a FUSE file or an open binary file.

Standard library only: workers import this under the distribution's own Python.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Self

from goldsmith.errors import InputError


class Source:
    """The bytes of something that is `size` bytes long. A read beyond the end is short, never an error."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self.name = name
        self.size = file.seek(0, os.SEEK_END)

    @classmethod
    @contextmanager
    def open(cls, where: Path | BinaryIO) -> Iterator[Self]:
        """Open a regular file or block device by path, or borrow an open file.

        Raises InputError where the path is missing, unreadable or something else than a file.
        """
        if not isinstance(where, Path):
            yield cls(where, str(getattr(where, "name", "the disk")))
            return
        try:
            # O_NONBLOCK: a FIFO under this name must not hang us before we can refuse it.
            descriptor = os.open(where, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            raise InputError(f"{where} does not exist") from None
        except (OSError, ValueError) as error:
            raise InputError(f"{where} cannot be read: {getattr(error, 'strerror', None) or error}") from error
        kind = os.fstat(descriptor).st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISBLK(kind)):
            os.close(descriptor)
            what = "a directory" if stat.S_ISDIR(kind) else "no regular file"
            raise InputError(f"{where} is {what}, a disk image is needed")
        with os.fdopen(descriptor, "rb") as file:
            yield cls(file, str(where))

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes at `offset`. Raises InputError where the medium cannot be read."""
        if offset < 0 or offset >= self.size or length <= 0:
            return b""
        wanted = min(length, self.size - offset)
        parts: list[bytes] = []
        try:
            self._file.seek(offset)
            while wanted > 0:
                part = self._file.read(wanted)
                if not part:
                    break
                parts.append(part)
                wanted -= len(part)
        except OSError as error:
            raise InputError(f"{self.name} cannot be read at byte {offset}: {error.strerror}") from error
        return b"".join(parts)
