"""Where a guest mounts file systems that cannot hold labels, by its fstab. Pure."""

from __future__ import annotations

import re

FSTAB = "/etc/fstab"
WITHOUT_ATTRIBUTES = frozenset({"exfat", "fat", "hfs", "hfsplus", "iso9660", "msdos", "ntfs", "ntfs3", "udf", "vfat"})
# The EFI system partition is FAT, whatever fstab says of it.
ESP = frozenset({"/boot/efi", "/efi"})


def unlabelable(fstab: bytes) -> frozenset[str]:
    """The canonical paths below which no file has extended attributes."""
    found = set()
    for line in fstab.decode("utf-8", "surrogateescape").splitlines():
        fields = line.split()
        if len(fields) < 3 or fields[0].startswith("#"):
            continue
        path = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), fields[1]).rstrip("/")
        if path and (fields[2] in WITHOUT_ATTRIBUTES or (path in ESP and fields[2] == "auto")):
            found.add(path)
    return frozenset(found)
