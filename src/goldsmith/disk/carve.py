"""An area of a raw disk as a file of its own, for programs that know no offset inside a file, or lose it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from goldsmith.disk.erase import data_extents, erase
from goldsmith.disk.limits import full_disk_as_host_error
from goldsmith.disk.scrub import Area

CHUNK = 1 << 20


@contextmanager
def carved(area: Area) -> Iterator[Path]:
    """A sparse copy beside the disk, copied back at the end unless the block raises; needs room for its content."""
    copy = area.path.with_name(f"{area.path.name}.part{area.number}")
    try:
        with full_disk_as_host_error(area.path.parent, f"scrubbing {area}"):
            _copy(area.path, area.offset, copy, 0, area.size)
            yield copy
            _copy(copy, 0, area.path, area.offset, area.size)
    finally:
        copy.unlink(missing_ok=True)


def _copy(source: Path, source_offset: int, target: Path, target_offset: int, size: int) -> None:
    """Make `size` bytes of the target equal to the source's; holes of a new target stay holes."""
    reader = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    writer = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(writer).st_size < target_offset + size:
            os.ftruncate(writer, target_offset + size)
        at, shift = source_offset, target_offset - source_offset
        for start, end in data_extents(reader, source_offset, size):
            erase(writer, at + shift, start - at)
            for position in range(start, end, CHUNK):
                write_all(writer, os.pread(reader, min(CHUNK, end - position), position), position + shift)
            at = end
        erase(writer, at + shift, source_offset + size - at)
    finally:
        os.close(reader)
        os.close(writer)


def write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Write at an offset in bytes; the kernel may take less at a time. Raises OSError."""
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written
