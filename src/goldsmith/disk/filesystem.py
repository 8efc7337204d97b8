"""Recognizes what lies on a partition by its superblock's magic, at offsets that each format's specification fixes.

Standard library only: workers import this under the distribution's own Python.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from goldsmith.disk.source import Source


class FileSystemKind(StrEnum):
    """blkid's names."""

    EXT2 = "ext2"
    EXT3 = "ext3"
    EXT4 = "ext4"
    XFS = "xfs"
    BTRFS = "btrfs"
    VFAT = "vfat"
    SWAP = "swap"
    LUKS = "crypto_LUKS"
    LVM2 = "LVM2_member"
    RAID = "linux_raid_member"
    NTFS = "ntfs"
    EXFAT = "exfat"
    F2FS = "f2fs"
    SQUASHFS = "squashfs"
    ISO9660 = "iso9660"

    @property
    def is_ext(self) -> bool:
        return self in {FileSystemKind.EXT2, FileSystemKind.EXT3, FileSystemKind.EXT4}


@dataclass(frozen=True, slots=True)
class FileSystem:
    """`uuid` as blkid and fstab write it, `label` as text; both empty where there is none."""

    kind: FileSystemKind
    uuid: str = ""
    label: str = ""


def recognize(where: Path | BinaryIO, offset: int = 0) -> FileSystem | None:
    """What begins at byte `offset`, or None where it is nothing we know. Raises InputError where it cannot be read."""
    with Source.open(where) as source:

        def read(at: int, length: int) -> bytes:
            return source.read(offset + at, length)

        # Containers first: what they hold may itself look like a file system.
        for look in (_luks, _lvm2, _raid, _ext, _xfs, _btrfs, _swap, _other, _vfat):
            found = look(read)
            if found is not None:
                return found
    return None


Read = Callable[[int, int], bytes]


def _luks(read: Read) -> FileSystem | None:
    if read(0, 6) != b"LUKS\xba\xbe":
        return None
    return FileSystem(FileSystemKind.LUKS, _text(read(168, 40)))


def _lvm2(read: Read) -> FileSystem | None:
    for sector in range(4):
        label = read(sector * 512, 32)
        if label[:8] == b"LABELONE" and label[24:32] == b"LVM2 001":
            return FileSystem(FileSystemKind.LVM2)
    return None


def _raid(read: Read) -> FileSystem | None:
    for offset in (0, 4096):
        if read(offset, 8) == b"\xfc\x4e\x2b\xa9\x01\0\0\0":
            return FileSystem(FileSystemKind.RAID)
    return None


def _ext(read: Read) -> FileSystem | None:
    block = read(1024, 264)
    if len(block) < 264 or block[56:58] != b"\x53\xef":
        return None
    compatible, incompatible, read_only = struct.unpack_from("<III", block, 92)
    if incompatible & 0x8:
        return None  # a journal device of another file system
    kind = FileSystemKind.EXT2
    # What ext3 knows: filetype, recover, meta_bg; sparse_super, large_file, btree_dir. Anything else is ext4.
    if incompatible & ~0x16 or read_only & ~0x7:
        kind = FileSystemKind.EXT4
    elif compatible & 0x4:
        kind = FileSystemKind.EXT3
    return FileSystem(kind, _uuid(block[104:120]), _text(block[120:136]))


def _xfs(read: Read) -> FileSystem | None:
    block = read(0, 120)
    if block[:4] != b"XFSB":
        return None
    return FileSystem(FileSystemKind.XFS, _uuid(block[32:48]), _text(block[108:120]))


def _btrfs(read: Read) -> FileSystem | None:
    block = read(0x10000, 0x12B + 256)
    if block[0x40:0x48] != b"_BHRfS_M":
        return None
    return FileSystem(FileSystemKind.BTRFS, _uuid(block[0x20:0x30]), _text(block[0x12B:]))


def _vfat(read: Read) -> FileSystem | None:
    sector = read(0, 512)
    if len(sector) < 512 or sector[510:] != b"\x55\xaa":
        return None
    if sector[82:87] == b"FAT32":
        serial, label = sector[67:71], sector[71:82]
    elif sector[54:59] in {b"FAT12", b"FAT16"}:
        serial, label = sector[39:43], sector[43:54]
    else:
        return None
    number = f"{int.from_bytes(serial, 'little'):08X}"
    name = _text(label).rstrip()
    return FileSystem(FileSystemKind.VFAT, f"{number[:4]}-{number[4:]}", "" if name == "NO NAME" else name)


def _swap(read: Read) -> FileSystem | None:
    for page in (4096, 8192, 16384, 65536):
        if read(page - 10, 10) in {b"SWAPSPACE2", b"SWAP-SPACE"}:
            return FileSystem(FileSystemKind.SWAP, _uuid(read(1036, 16)), _text(read(1052, 16)))
    return None


def _other(read: Read) -> FileSystem | None:
    for offset, magic, kind in (
        (3, b"NTFS    ", FileSystemKind.NTFS),
        (3, b"EXFAT   ", FileSystemKind.EXFAT),
        (1024, b"\x10\x20\xf5\xf2", FileSystemKind.F2FS),
        (0, b"hsqs", FileSystemKind.SQUASHFS),
        (0x8001, b"CD001", FileSystemKind.ISO9660),
    ):
        if read(offset, len(magic)) == magic:
            return FileSystem(kind)
    return None


def _uuid(data: bytes) -> str:
    return str(uuid.UUID(bytes=data)) if len(data) == 16 and any(data) else ""


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("utf-8", "replace")
