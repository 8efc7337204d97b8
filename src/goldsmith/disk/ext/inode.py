"""Inodes of ext4: unwritten extents, and directories that lie in their inode. Pure."""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from goldsmith.disk.crc32c import crc32c

EXTENTS, INLINE_DATA = 0x80000, 0x1000_0000
BODY = slice(40, 100)  # i_block
BASE = 128
CHECKSUM_LOW, CHECKSUM_HIGH = 124, 130
ALL_ONES = 0xFFFF_FFFF
EXTENT_MAGIC, UNWRITTEN, MAX_DEPTH = 0xF30A, 0x8000, 5
ATTRIBUTE_MAGIC, SYSTEM = 0xEA02_0000, 7

Range = tuple[int, int]


class DamagedError(Exception):
    """The file system contradicts itself."""


@dataclass(frozen=True, slots=True)
class Extent:
    """`count` blocks from `block` on: of a tree's next level, or of content that was never written, or was."""

    block: int
    count: int
    below: bool = False
    unwritten: bool = False


def is_regular_with_extents(inode: bytes) -> bool:
    mode, flags = struct.unpack_from("<H30xI", inode)
    return stat.S_ISREG(mode) and flags & (EXTENTS | INLINE_DATA) == EXTENTS


def is_inline_directory(inode: bytes) -> bool:
    mode, flags = struct.unpack_from("<H30xI", inode)
    return stat.S_ISDIR(mode) and bool(flags & INLINE_DATA)


def extents(node: bytes) -> Iterator[Extent]:
    """What one node of an extent tree lists: the 60 bytes in the inode, or a block."""
    magic, count, _, depth = struct.unpack_from("<4H", node)
    if magic != EXTENT_MAGIC or 12 + 12 * count > len(node) or depth > MAX_DEPTH:
        raise DamagedError("a file has a damaged list of extents")
    for at in range(12, 12 + 12 * count, 12):
        if depth:
            low, high = struct.unpack_from("<4xIH", node, at)
            yield Extent(high << 32 | low, 1, below=True)
        else:
            length, high, low = struct.unpack_from("<4xHHI", node, at)
            unwritten = length > UNWRITTEN
            yield Extent(high << 32 | low, length - UNWRITTEN if unwritten else length, unwritten=unwritten)


def unused_of_directory(inode: bytes) -> Iterator[Range]:
    """The bytes behind and between the names of a directory that lies in its inode. The first four are its parent."""
    yield from _between_names(inode, BODY.start + 4, BODY.stop)
    more = _inline_attribute(inode)
    if more is not None:
        yield from _between_names(inode, *more)


def _between_names(inode: bytes, start: int, end: int) -> Iterator[Range]:
    at = start
    while at < end:
        if at + 8 > end:
            raise DamagedError("a directory in its inode has impossible entries")
        number, length, name = struct.unpack_from("<IHB", inode, at)
        used = 8 + (name if number else 0)
        if length < used or length % 4 or at + length > end:
            raise DamagedError("a directory in its inode has impossible entries")
        yield at + used, at + length
        at += length


def _inline_attribute(inode: bytes) -> Range | None:
    """Where the attribute system.data lies, which continues the inode's body; None where there is none."""
    if len(inode) <= BASE:
        return None
    first = BASE + struct.unpack_from("<H", inode, BASE)[0] + 4
    if first + 4 > len(inode) or struct.unpack_from("<I", inode, first - 4)[0] != ATTRIBUTE_MAGIC:
        return None
    at = first
    while at + 16 <= len(inode) and any(inode[at : at + 4]):
        name, index, offset, outside, size, digest = struct.unpack_from("<BBHIII", inode, at)
        if index == SYSTEM and inode[at + 16 : at + 16 + name] == b"data":
            if outside or digest or first + offset + size > len(inode):
                raise DamagedError("a directory continues where it cannot")
            return (first + offset, first + offset + size) if size else None
        at += 16 + (name + 3 & ~3)
    return None


def blanked(inode: bytes, number: int, ranges: list[Range], seed: int | None) -> bytes | None:
    """The inode with zeros in `ranges` and a new checksum, or None where they are zeros already. `seed` is the file
    system's, None where inodes have no checksums. Raises DamagedError where the present checksum is wrong.
    """
    changed = bytearray(inode)
    for start, end in ranges:
        changed[start:end] = bytes(end - start)
    if changed == inode:
        return None
    if seed is not None:
        if _with_checksum(bytearray(inode), number, seed) != inode:
            raise DamagedError("a checksum is wrong")
        changed = _with_checksum(changed, number, seed)
    return bytes(changed)


def _with_checksum(inode: bytearray, number: int, seed: int) -> bytearray:
    """The same inode with the checksum of its bytes, its number and its generation."""
    has_high = len(inode) > BASE and struct.unpack_from("<H", inode, BASE)[0] >= 4
    inode[CHECKSUM_LOW : CHECKSUM_LOW + 2] = bytes(2)
    if has_high:
        inode[CHECKSUM_HIGH : CHECKSUM_HIGH + 2] = bytes(2)
    # The kernel's starts where it is told and never turns the last one around.
    value = crc32c(struct.pack("<I", number) + inode[100:104] + inode, seed ^ ALL_ONES) ^ ALL_ONES
    struct.pack_into("<H", inode, CHECKSUM_LOW, value & 0xFFFF)
    if has_high:
        struct.pack_into("<H", inode, CHECKSUM_HIGH, value >> 16)
    return inode
