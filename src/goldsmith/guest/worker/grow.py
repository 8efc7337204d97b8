"""Growing a guest into a larger disk, offline: the last partition, if it is the root, and then its file system.

Offline, because steps of the build need the room, and because a clone then has nothing left to grow at first boot
unless its own disk is larger still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO

from goldsmith.disk.filesystem import FileSystemKind
from goldsmith.disk.partitions import read_partitions
from goldsmith.errors import BuildError, InputError
from goldsmith.guest.worker.partition_table import grown
from goldsmith.guest.worker.volumes import Volume, cannot_grow, room_to_grow
from goldsmith.run import run

TIMEOUT = 600.0


def partition(disk: BinaryIO, root: Volume, volumes: Sequence[Volume], size: int) -> Volume:
    """Let the root's partition take all free room behind it on a disk of `size` bytes; what it is then.

    Raises InputError where another partition lies between the root and the room.
    """
    if cannot_grow(root, volumes, size):
        raise InputError(
            f"the root file system cannot grow to disk.size: {root} is not the last partition",
            hint="leave disk.size out, or use a base whose root is its last partition",
        )
    if not room_to_grow(root, volumes, size):
        return root
    patches = grown(disk, size, root.number)
    if not patches:
        raise InputError(
            f"the root file system cannot grow to disk.size: {root} is in a partition table that cannot be changed",
            hint="leave disk.size out, or use a base with a GPT or whose root is a primary partition",
        )
    for patch in patches:
        disk.seek(patch.offset)
        disk.write(patch.content)
    disk.flush()
    for found in read_partitions(disk):
        if found.number == root.number and found.offset == root.offset:
            return replace(root, size=found.size)
    raise BuildError(f"{root} is not where it was after growing it")


def ext(device: str) -> None:
    """Let an ext file system that is not mounted fill its device.

    Growing a mounted one needs CAP_SYS_RESOURCE, which root may lack in a container.
    """
    done = run(["e2fsck", "-f", "-p", device], timeout=TIMEOUT, check=False)
    # e2fsck(8): 1 means that errors were corrected, and 2 that a reboot would be due if this were a running root.
    if done.returncode not in {0, 1, 2}:
        raise BuildError(
            "the guest's file system has errors that e2fsck does not repair by itself", hint="use an intact image"
        )
    run(["resize2fs", device], timeout=TIMEOUT)


def mounted(kind: FileSystemKind, path: str) -> None:
    """Let a mounted XFS or btrfs fill its device."""
    if kind is FileSystemKind.XFS:
        run(["xfs_growfs", path], timeout=TIMEOUT)
    elif kind is FileSystemKind.BTRFS:
        run(["btrfs", "filesystem", "resize", "max", path], timeout=TIMEOUT)
