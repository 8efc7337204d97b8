"""The state of a clone's disk, from a few of its bytes: the partition table and the begin of each partition."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from goldsmith.disk.disk import Disk
from goldsmith.disk.filesystem import recognize
from goldsmith.disk.partitions import Partition, read_partitions
from goldsmith.disk.qemu_img import read_range
from goldsmith.disk.superblock import read_state
from goldsmith.errors import BuildError, InputError, ProcessError
from goldsmith.rules.disk_state import DiskState, Volume

# From each end of the disk: both copies of a GPT, with sectors of 4 KiB too.
TABLE = 1 << 20
# The farthest superblock is that of btrfs, at 64 KiB.
HEAD = 128 << 10
MOST_VOLUMES = 64


def disk_state(disk: Disk, sealed: int, scratch: Path) -> DiskState:
    """`sealed` is the virtual size of the image in bytes. A disk that cannot be read is no error, but `unreadable`."""
    try:
        return DiskState(disk.virtual_size, sealed, _volumes(disk, scratch))
    except (BuildError, InputError, ProcessError) as error:
        return DiskState(disk.virtual_size, sealed, unreadable=error.message)


def _volumes(disk: Disk, scratch: Path) -> tuple[Volume, ...]:
    with tempfile.TemporaryFile(dir=scratch) as sketch:
        # A sparse picture of the disk, with only what is looked at.
        sketch.truncate(disk.virtual_size)

        def copy(offset: int, length: int) -> None:
            os.pwrite(sketch.fileno(), read_range(disk, offset, length, scratch), offset)

        copy(0, TABLE)
        copy(max(0, disk.virtual_size - TABLE), TABLE)
        partitions = read_partitions(sketch)
        for partition in partitions[:MOST_VOLUMES]:
            copy(partition.offset, min(HEAD, partition.size))
        # recognize() reads from the open file, and the sketch's own position is nobody's.
        whole = Partition(0, 0, disk.virtual_size, "")
        found = []
        for partition in partitions[:MOST_VOLUMES] or (whole,):
            system = recognize(sketch, partition.offset)
            volume = Volume(partition.number, partition.offset, partition.size, system.kind.value if system else "")
            if system is not None:
                start = partition.offset

                def read(at: int, length: int, start: int = start) -> bytes:
                    return read_range(disk, start + at, length, scratch)

                state = read_state(system.kind, read)
                volume = Volume(
                    partition.number, partition.offset, partition.size, system.kind.value, state.size, state.clean,
                    state.why,
                )  # fmt: skip
            found.append(volume)
    return tuple(found)
