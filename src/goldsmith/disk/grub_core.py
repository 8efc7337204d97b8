"""Changes text in the core of GRUB for BIOS, which lies compressed behind the boot sector or in a partition of its own.

grub-install puts the commands that find the root into it, with the root's UUID. Layout: grub-core/boot/i386-pc
(boot.S, diskboot.S, startup_raw.S) of GRUB 2.00 to 2.12; LZMA as util/mkimage.c writes it.
"""

from __future__ import annotations

import lzma
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from goldsmith.errors import BuildError

SECTOR = 512
MAGIC = b"GRUB \0"
# In boot.img: where the core's first sector lies. In that one's last 12 bytes: how many sectors follow, and from where.
CORE_SECTOR, BLOCKLIST = 0x5C, SECTOR - 12
# In the second sector: sizes of the core, packed and unpacked, and how many bytes of error correction follow it. The
# correction covers the packed bytes; with none of it GRUB looks for no errors.
SIZES = SECTOR + 8
# The decompressor lies between the sizes and the packed core, which begins at a multiple of 16.
DECOMPRESSOR = range(SECTOR + 1024, SECTOR + 8192, 16)
LARGEST = 4 << 20
# Begins the modules that every core carries (include/grub/kernel.h): garbage unpacks too, but not to this.
MODULES = b"mimg"
PACKED = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}
TIGHTEST = {**PACKED, "preset": 9 | lzma.PRESET_EXTREME}


@dataclass(frozen=True, slots=True)
class Patch:
    """What shall lie where the core lies, and in how many places text was changed."""

    content: bytes
    places: int


def core_at(first: bytes) -> int | None:
    """Where the core begins, in bytes, by a disk's first sector; None where GRUB's boot code is not in it."""
    if len(first) < SECTOR or MAGIC not in first:
        return None
    (sector,) = struct.unpack_from("<Q", first, CORE_SECTOR)
    return int(sector) * SECTOR if 0 < sector < 1 << 32 else None


def patch(core: bytes, texts: Mapping[bytes, bytes]) -> Patch | None:
    """The core with each text replaced by another of its length; None where it has none of them, or is no such core.

    `core` is what lies where it begins, up to `LARGEST` bytes. Raises BuildError where the new one is longer than the
    sectors that boot code reads.
    """
    if len(core) < DECOMPRESSOR.stop:
        return None
    _, following, _ = struct.unpack_from("<QHH", core, BLOCKLIST)
    packed_size, size, _ = struct.unpack_from("<III", core, SIZES)
    room = (1 + following) * SECTOR
    if not (0 < packed_size < room <= len(core) and 0 < size <= LARGEST):
        return None
    start, plain = _unpacked(core[:room], size)
    places = sum(plain.count(text) for text in texts)
    if not places:
        return None
    for text, instead in texts.items():
        plain = plain.replace(text, instead)
    packed = lzma.compress(plain, lzma.FORMAT_RAW, filters=[TIGHTEST])
    header = struct.pack("<III", len(packed), size, 0)
    whole = core[:SIZES] + header + core[SIZES + len(header) : start] + packed
    if len(whole) > room:
        raise BuildError(f"GRUB's core has no room: {len(whole)} bytes, and its boot code reads {room}")
    return Patch(whole.ljust(room, b"\0"), places)


def _unpacked(core: bytes, size: int) -> tuple[int, bytes]:
    """(offset, content) of what is packed in a core and unpacks to a size; nothing where there is none."""
    for start in DECOMPRESSOR:
        try:
            found = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[PACKED]).decompress(core[start:], max_length=size)
        except lzma.LZMAError:
            continue
        if len(found) == size and MODULES in found:
            return start, found
    return 0, b""
