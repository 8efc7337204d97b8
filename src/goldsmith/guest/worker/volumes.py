"""The file systems of a disk, and which of them is an installed system's root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from goldsmith.disk.filesystem import FileSystem, FileSystemKind
from goldsmith.errors import InputError

OS_RELEASES = ("etc/os-release", "usr/lib/os-release")
MOUNTABLE = frozenset(
    {FileSystemKind.EXT2, FileSystemKind.EXT3, FileSystemKind.EXT4, FileSystemKind.XFS, FileSystemKind.BTRFS}
)
# These are no place for an operating system's root, or hold nothing: no reason to say that one could not be opened.
OPAQUE = {
    FileSystemKind.LUKS: "is encrypted (LUKS)",
    FileSystemKind.LVM2: "is an LVM volume group",
    FileSystemKind.RAID: "is part of a RAID",
}


@dataclass(frozen=True, slots=True)
class Volume:
    """A partition, or the whole disk as partition 0; offset and size in bytes. `filesystem` None: nothing we know."""

    number: int
    offset: int
    size: int
    filesystem: FileSystem | None
    guid: str = ""

    def __str__(self) -> str:
        kind = self.filesystem.kind.value if self.filesystem is not None else "unknown"
        return f"partition {self.number} ({kind})" if self.number else f"the whole disk ({kind})"


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
