"""Blocks of extended attributes: names and values that were removed or moved stay between those in use. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from goldsmith.disk.xfs.directory import HEADER, INFO_CHECKSUM, NODE, behind
from goldsmith.disk.xfs.volume import DamagedError, Range

LEAF = 0x3BEE
LEAF_HEADER = 80
REMOTE, REMOTE_HEADER = b"XARM", 56
LOCAL = 0x1


def unused(block: bytes) -> tuple[int, list[Range]]:
    """Where the checksum of a block of an attribute fork is, and its unused bytes."""
    magic, count = struct.unpack_from(">H46xH", block, 8)
    if magic == NODE:
        # The root was a leaf once, whose names stay behind the node's few entries.
        return INFO_CHECKSUM, [behind(HEADER + 8 * count, len(block))]
    if magic == LEAF:
        return INFO_CHECKSUM, list(_gaps(block, count))
    if block[:4] == REMOTE:
        (length,) = struct.unpack_from(">I", block, 8)
        return INFO_CHECKSUM, [behind(REMOTE_HEADER + length, len(block))]
    raise DamagedError("extended attributes have a block of no known kind")


def _gaps(block: bytes, count: int) -> Iterator[Range]:
    """What lies between the names, which fill a leaf from its end."""
    at = behind(LEAF_HEADER + 8 * count, len(block))[0]
    used = sorted(_used(block, place, flags) for _, place, flags, _ in _entries(block, count))
    for start, end in used:
        if start < at or end > len(block):
            raise DamagedError("extended attributes overlap")
        yield at, start
        at = end
    yield at, len(block)


def _entries(block: bytes, count: int) -> Iterator[tuple[int, int, int, int]]:
    return struct.iter_unpack(">IHBB", block[LEAF_HEADER : LEAF_HEADER + 8 * count])


def _used(block: bytes, place: int, flags: int) -> Range:
    """The bytes of one name, and of its value where that is not in blocks of its own; padding is not among them."""
    if (place + 9 > len(block) and not flags & LOCAL) or place + 3 > len(block):
        raise DamagedError("an extended attribute lies outside of its block")
    if flags & LOCAL:
        value, name = struct.unpack_from(">HB", block, place)
        return place, place + 3 + name + value
    return place, place + 9 + block[place + 8]
