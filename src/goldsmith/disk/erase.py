"""Overwrites stretches of a sparse file with zeros, touching only what is not zero already."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

CHUNK = 1 << 20


def erase(descriptor: int, offset: int, length: int) -> int:
    """Zero `length` bytes at `offset`; holes are skipped, never filled. Returns how many bytes were not zero before,
    counted in blocks of 4 KiB or less.
    """
    if length <= CHUNK:
        # Asking where a hole begins may take as long as the data before it is (tmpfs): too long for every small piece.
        return _erase_chunk(descriptor, offset, length)
    erased = 0
    for start, end in data_extents(descriptor, offset, length):
        for at in range(start, end, CHUNK):
            erased += _erase_chunk(descriptor, at, min(CHUNK, end - at))
    return erased


def is_blank(descriptor: int, offset: int, length: int) -> bool:
    """Whether a stretch holds nothing but zeros."""
    return all(
        not any(os.pread(descriptor, min(CHUNK, end - at), at))
        for start, end in data_extents(descriptor, offset, length)
        for at in range(start, end, CHUNK)
    )


def used(descriptor: int, offset: int, length: int) -> int:
    """How many bytes of a stretch lie in chunks of 4 KiB that are not all zero."""
    found = 0
    for start, end in data_extents(descriptor, offset, length):
        for at in range(start, end, 4096):
            block = os.pread(descriptor, min(4096, end - at), at)
            found += len(block) if any(block) else 0
    return found


def data_extents(descriptor: int, offset: int, length: int) -> Iterator[tuple[int, int]]:
    """(start, end) of the parts of a stretch that the file system says may hold data."""
    limit = min(offset + length, os.fstat(descriptor).st_size)
    at = offset
    while at < limit:
        try:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # no data from here to the end
                return
            raise
        if start >= limit:
            return
        at = min(os.lseek(descriptor, start, os.SEEK_HOLE), limit)
        yield start, at


def _erase_chunk(descriptor: int, offset: int, length: int) -> int:
    data = os.pread(descriptor, length, offset)
    if not data.strip(b"\0"):
        return 0
    erased = 0
    for at in range(0, len(data), 4096):
        block = data[at : at + 4096]
        if block.strip(b"\0"):
            written = 0
            while written < len(block):
                written += os.pwrite(descriptor, bytes(len(block) - written), offset + at + written)
            erased += len(block)
    return erased
