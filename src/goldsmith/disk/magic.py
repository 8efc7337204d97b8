"""Names the formats that a file must not begin like when it is stated to be a raw disk.

All that QEMU, user-mode Linux or a decompressor would recognize: taking such a file as a disk is an error at best, and
at worst lets its bytes name other files of the host.
"""

from __future__ import annotations

from goldsmith.disk.source import Source

# (offset, bytes, name). Sources: QEMU block/*.c probe functions, arch/um/drivers/cow_user.c, file(1).
MAGICS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"QFI\xfb\x00\x00\x00\x01", "qcow version 1"),
    (0, b"QFI\xfb", "qcow2"),
    (0, b"QED\x00", "QED"),
    (0, b"KDMV", "VMDK"),
    (0, b"COWD", "VMDK"),
    (0, b"# Disk DescriptorFile", "a VMDK descriptor"),
    (0x40, b"\x7f\x10\xda\xbe", "VDI"),
    (0, b"vhdxfile", "VHDX"),
    (0, b"conectix", "VHD"),
    (0, b"WithoutFreeSpace", "Parallels"),
    (0, b"WithouFreSpacExt", "Parallels"),
    (0, b"Bochs Virtual HD Image", "Bochs"),
    (0, b"#!/bin/sh\n#V2.0 Format\n", "cloop"),
    (0, b"OOOM", "a user-mode Linux COW file"),
    (0, b"MOOO", "a user-mode Linux COW file"),
    (0, b"EVF\x09\x0d\x0a\xff\x00", "EWF"),
    (0, b"\x3a\xff\x26\xed", "an Android sparse image"),
    (0, b"LUKS\xba\xbe", "LUKS (encrypted)"),
    (0, b"hsqs", "squashfs"),
    (0, b"\x1f\x8b\x08", "gzip compressed data"),
    (0, b"\xfd7zXZ\x00", "xz compressed data"),
    (0, b"\x28\xb5\x2f\xfd", "zstd compressed data"),
    (0, b"BZh", "bzip2 compressed data"),
    (0, b"\x04\x22\x4d\x18", "lz4 compressed data"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (257, b"ustar", "a tar archive (an OVA is one)"),
    (0x8001, b"CD001", "an ISO 9660 image"),
)
# Formats with a footer instead: the last sector begins like this.
FOOTERS: tuple[tuple[bytes, str], ...] = ((b"conectix", "VHD"), (b"koly", "an Apple disk image (DMG)"))
SECTOR = 512


def name_of(source: Source) -> str | None:
    """The known format that a file begins or ends like, or None for what may be a raw disk."""
    for offset, magic, name in MAGICS:
        if source.read(offset, len(magic)) == magic:
            return name
    # A VHD written by old Virtual PC has a footer of 511 bytes.
    for length in (SECTOR, SECTOR - 1):
        last = source.read(source.size - length, SECTOR)
        for magic, name in FOOTERS:
            if last.startswith(magic):
                return name
    return None


def looks_like_text(start: bytes) -> bool:
    """Whether a file's first sector is nothing but printable UTF-8: no boot sector or file system begins so."""
    text = _decoded(start)
    return bool(text) and all(character.isprintable() or character in "\t\n\r\f" for character in text)


def _decoded(start: bytes) -> str:
    """UTF-8, whose last character the sector's end may have cut; empty where it is none."""
    try:
        return start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < SECTOR - 3 or len(start) < SECTOR:
            return ""
        return start[: error.start].decode("utf-8")
