"""The file systems of a disk, and which of them is an installed system's root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from goldsmith.disk.filesystem import FileSystem, FileSystemKind, recognize
from goldsmith.disk.partitions import read_partitions
from goldsmith.errors import InputError

OS_RELEASES = ("etc/os-release", "usr/lib/os-release")
MOUNTABLE = frozenset(
    {FileSystemKind.EXT2, FileSystemKind.EXT3, FileSystemKind.EXT4, FileSystemKind.XFS, FileSystemKind.BTRFS}
)
# Less room than this (bytes) behind the last partition is alignment and the backup of the partition table.
WORTH_GROWING = 8 << 20
# These are no place for an operating system's root, or hold nothing: no reason to say that one could not be opened.
OPAQUE = {
    FileSystemKind.LUKS: "is encrypted (LUKS)",
    FileSystemKind.LVM2: "is an LVM volume group",
    FileSystemKind.RAID: "is part of a RAID",
}


@dataclass(frozen=True, slots=True)
class Volume:
    """A partition, or the whole disk as partition 0; offset and size in bytes. `filesystem` None: nothing we know.
    `guid` and `name` are the partition's own: PARTUUID and PARTLABEL.
    """

    number: int
    offset: int
    size: int
    filesystem: FileSystem | None
    guid: str = ""
    name: str = ""

    def __str__(self) -> str:
        kind = self.filesystem.kind.value if self.filesystem is not None else "unknown"
        return f"partition {self.number} ({kind})" if self.number else f"the whole disk ({kind})"


def read_volumes(disk: BinaryIO, name: str, size: int) -> list[Volume]:
    """The volumes of a raw disk of `size` bytes. Raises InputError, about the image `name`, for a damaged table."""
    try:
        partitions = read_partitions(disk)
        if not partitions:
            return [Volume(0, 0, size, recognize(disk))]
        return [
            Volume(part.number, part.offset, part.size, recognize(disk, part.offset), part.guid, part.name)
            for part in partitions
        ]
    except InputError as error:
        raise InputError(error.message.replace(disk.name, name), hint=error.hint) from error


def room_to_grow(root: Volume, volumes: Sequence[Volume], size: int) -> bool:
    """Whether the root is the last partition on a disk of `size` bytes, and there is room behind it."""
    is_last = all(volume.offset <= root.offset for volume in volumes)
    return root.number > 0 and is_last and size - (root.offset + root.size) >= WORTH_GROWING


def cannot_grow(root: Volume, volumes: Sequence[Volume], size: int) -> bool:
    """Whether there is room behind the last partition of a disk of `size` bytes, and the root is another one."""
    end = max(volume.offset + volume.size for volume in volumes)
    return root.offset + root.size < end and size - end >= WORTH_GROWING


def no_system(name: str, volumes: Sequence[Volume], refused: Sequence[str]) -> InputError:
    """The error for a disk without a root that can be opened. `refused` says what could not be mounted and why."""
    kinds = {volume.filesystem.kind for volume in volumes if volume.filesystem is not None}
    subject = f"no operating system found in {name}"
    if refused:
        return InputError(f"{subject}: {'; '.join(refused)}", hint="the image is damaged; use an intact copy")
    for kind, what in OPAQUE.items():
        if kind in kinds:
            return InputError(f"{subject}: it {what}", hint="use an image whose root is a plain partition")
    if not kinds:
        return InputError(f"{subject}: the disk is blank", hint="name a disk with an installed Linux system")
    found = ", ".join(str(volume) for volume in volumes)
    return InputError(
        f"{subject}: {found}, none with /etc/os-release", hint="name a disk with an installed Linux system"
    )
