"""B+trees: of an allocation group (short pointers) and of a file's extents (long ones). Pure but for `walk`."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from goldsmith.disk.xfs.directory import behind
from goldsmith.disk.xfs.volume import DamagedError, Range, Volume


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of tree; all sizes in bytes, `checksum` where it stands in a block."""

    magic: bytes
    record: int
    key: int
    pointer: int = 4
    header: int = 56
    checksum: int = 52


FREE_BY_PLACE = Kind(b"AB3B", 8, 8)
FREE_BY_SIZE = Kind(b"AB3C", 8, 8)
INODES = Kind(b"IAB3", 16, 4)
FREE_INODES = Kind(b"FIB3", 16, 4)
# Keys are pairs: the lowest and the highest of what lies below.
REVERSE = Kind(b"RMB3", 24, 40)
SHARED = Kind(b"R3FC", 12, 4)
EXTENTS = Kind(b"BMA3", 16, 8, pointer=8, header=72, checksum=64)
MAX_LEVEL = 16


def walk(volume: Volume, kind: Kind, base: int, root: int, level: int) -> Iterator[bytes]:
    """The packed records of every leaf below `root`; what is unused in the tree's blocks becomes zeros on the way.

    `base` is the first block of the allocation group, in the numbers that `Volume.place` takes, or 0 where pointers
    have the group's number themselves. `level` of a leaf is 0.
    """
    if level > MAX_LEVEL:
        raise DamagedError("a tree is too high")
    pending = [(root, level)]
    while pending:
        number, height = pending.pop()
        place = volume.place(base + number)
        volume.once(place)
        block = volume.read(place, volume.geometry.block)
        magic, said, count = struct.unpack_from(">4sHH", block)
        if magic != kind.magic or said != height:
            raise DamagedError("a tree has a block of another one")
        volume.blank([place], block, kind.checksum, unused(block, kind, height, count))
        if height == 0:
            yield block[kind.header : kind.header + kind.record * count]
            continue
        first = kind.header + kind.key * _capacity(block, kind)
        size = "I" if kind.pointer == 4 else "Q"
        children = struct.unpack_from(f">{count}{size}", block, first)
        pending.extend((child, height - 1) for child in reversed(children))


def unused(block: bytes, kind: Kind, level: int, count: int) -> list[Range]:
    """The bytes of a tree's block behind its records, or behind its keys and its pointers."""
    if level == 0:
        return [behind(kind.header + kind.record * count, len(block))]
    pointers = kind.header + kind.key * _capacity(block, kind)
    return [
        behind(kind.header + kind.key * count, pointers),
        behind(pointers + kind.pointer * count, len(block)),
    ]


def _capacity(block: bytes, kind: Kind) -> int:
    return (len(block) - kind.header) // (kind.key + kind.pointer)
