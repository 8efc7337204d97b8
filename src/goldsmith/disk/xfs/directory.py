"""Blocks of directories: names that were removed stay in "unused" stretches, and behind shorter names. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from goldsmith.disk.xfs.volume import DamagedError, Range

BLOCK, DATA, FREE = b"XDB3", b"XDD3", b"XDF3"
LEAF_ONE, LEAF_MANY, NODE = 0x3DF1, 0x3DFF, 0x3EBE
HEADER = 64
UNUSED = 0xFFFF
INFO_CHECKSUM, DATA_CHECKSUM = 12, 4


def unused(block: bytes, *, file_types: bool) -> tuple[int, list[Range]]:
    """Where a directory block's checksum is, and its unused bytes. `file_types` says whether a type follows a name."""
    if block[:4] in {BLOCK, DATA}:
        return DATA_CHECKSUM, list(_names(block, file_types=file_types))
    if block[:4] == FREE:
        (valid,) = struct.unpack_from(">I", block, 52)
        return DATA_CHECKSUM, [behind(HEADER + 2 * valid, len(block))]
    magic, count = struct.unpack_from(">H46xH", block, 8)
    if magic not in {LEAF_ONE, LEAF_MANY, NODE}:
        raise DamagedError("a directory has a block of no known kind")
    end = len(block)
    if magic == LEAF_ONE:
        # How much room each data block has stands at the end, in two bytes each, and their number behind them.
        (blocks,) = struct.unpack_from(">I", block, end - 4)
        end -= 4 + 2 * blocks
    return INFO_CHECKSUM, [behind(HEADER + 8 * count, end)]


def _names(block: bytes, *, file_types: bool) -> Iterator[Range]:
    end = len(block)
    if block[:4] == BLOCK:
        # The only block of a directory: hashes and places of its names lie at its end, and their number behind them.
        (count,) = struct.unpack_from(">I", block, end - 8)
        end -= 8 + 8 * count
    at, fixed = HEADER, 9 + (1 if file_types else 0)
    if end < at:
        raise DamagedError("a directory's block has impossible sizes")
    while at < end:
        tag, length = struct.unpack_from(">HH", block, at)
        if tag == UNUSED:
            first = at + 4
        elif at + fixed > end:
            raise DamagedError("a directory's block has impossible entries")
        else:
            first = at + fixed + block[at + 8]
            length = first + 2 - at + 7 & ~7
        at += length
        if length < 8 or length % 8 or at > end:
            raise DamagedError("a directory's block has impossible entries")
        # Every entry ends with its own place in the block, two bytes.
        yield first, at - 2


def behind(used: int, end: int) -> Range:
    """What follows the used part. Raises DamagedError where that is longer than the whole."""
    if used > end:
        raise DamagedError("a block has more entries than room")
    return used, end
