"""Inodes: what they say, where their data and attributes lie, and which of their own bytes are unused. Pure."""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from goldsmith.disk.xfs.volume import DamagedError, Range

CORE = 176  # of version 3, without the forks
CHECKSUM = 100
SHARES_BLOCKS = 0x2
WIDE_COUNTS = 0x10


class Form(IntEnum):
    """What a fork is: a device number, the content itself, a list of extents, or the root of a tree of them."""

    DEVICE = 0
    LOCAL = 1
    EXTENTS = 2
    TREE = 3


@dataclass(frozen=True, slots=True)
class Fork:
    """`start` and `end` are bytes of the inode; `count` is the number of extents."""

    form: Form
    start: int
    end: int
    count: int


@dataclass(frozen=True, slots=True)
class Extent:
    """`logical` and `count` in blocks; `block` as `Volume.place` takes it; an unwritten one reads as zeros."""

    logical: int
    block: int
    count: int
    unwritten: bool


@dataclass(frozen=True, slots=True)
class Inode:
    """One inode that is in use; `content` is all of its bytes."""

    number: int
    mode: int
    size: int
    shares_blocks: bool
    data: Fork
    attributes: Fork | None
    content: bytes

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    @property
    def is_regular(self) -> bool:
        return stat.S_ISREG(self.mode)


def read_inode(content: bytes) -> Inode:
    """One inode that is in use. Raises DamagedError where it is none of version 3."""
    magic, mode, version, form = struct.unpack_from(">2sHBB", content)
    if magic != b"IN" or version != 3 or not mode:
        raise DamagedError("what should be an inode is none")
    (size,) = struct.unpack_from(">Q", content, 56)
    few, few_attributes, offset, attribute_form = struct.unpack_from(">IHBb", content, 76)
    (flags,) = struct.unpack_from(">Q", content, 120)
    (number,) = struct.unpack_from(">Q", content, 152)
    if flags & WIDE_COUNTS:
        (count,) = struct.unpack_from(">Q", content, 24)
        attribute_count = few
    else:
        count, attribute_count = few, few_attributes
    border = CORE + offset * 8
    if border + 4 > len(content):
        raise DamagedError(f"inode {number} has no room for its attributes")
    return Inode(
        number=number,
        mode=mode,
        size=size,
        shares_blocks=bool(flags & SHARES_BLOCKS),
        data=Fork(_form(form), CORE, border if offset else len(content), count),
        attributes=Fork(_form(attribute_form), border, len(content), attribute_count) if offset else None,
        content=content,
    )


def unused(inode: Inode) -> Iterator[Range]:
    """The bytes of an inode behind what its forks use: what they held when they were of another form."""
    yield from _unused(inode, inode.data, inode.size)
    if inode.attributes is not None:
        # Attributes in the inode itself begin with their own length.
        (length,) = struct.unpack_from(">H", inode.content, inode.attributes.start)
        yield from _unused(inode, inode.attributes, length)


def unused_of_free(content: bytes) -> list[Range]:
    """The bytes of a free inode that may hold what was in it. Raises DamagedError where it is in use after all."""
    magic, mode, version = struct.unpack_from(">2sHB", content)
    if magic != b"IN" or version != 3 or mode:
        raise DamagedError("what should be a free inode is none")
    return [(CORE, len(content))]


def _unused(inode: Inode, fork: Fork, local: int) -> Iterator[Range]:
    room = fork.end - fork.start
    match fork.form:
        case Form.DEVICE:
            used = 4
        case Form.LOCAL:
            used = local
        case Form.EXTENTS:
            used = fork.count * 16
        case Form.TREE:
            records, capacity = _root(inode, fork)
            keys = fork.start + 4
            pointers = keys + 8 * capacity
            yield keys + 8 * records, pointers
            used = pointers + 8 * records - fork.start
    if used > room:
        raise DamagedError(f"inode {inode.number} has more content than room")
    yield fork.start + used, fork.end


def own_extents(inode: Inode, fork: Fork) -> Iterator[Extent]:
    """The extents that the inode itself lists."""
    if fork.form is Form.EXTENTS:
        yield from extents(inode.content[fork.start : fork.start + 16 * fork.count])


def extents(records: bytes) -> Iterator[Extent]:
    """The extents of packed records: a bit, 54 bits of offset, 52 of block, 21 of length."""
    for high, low in struct.iter_unpack(">QQ", records):
        yield Extent(
            logical=high >> 9 & (1 << 54) - 1,
            block=(high & 0x1FF) << 43 | low >> 21,
            count=low & (1 << 21) - 1,
            unwritten=bool(high >> 63),
        )


def tree(inode: Inode, fork: Fork) -> tuple[int, tuple[int, ...]]:
    """The level of a tree's root in the inode, and the blocks below it."""
    records, capacity = _root(inode, fork)
    (level,) = struct.unpack_from(">H", inode.content, fork.start)
    return level, struct.unpack_from(f">{records}Q", inode.content, fork.start + 4 + 8 * capacity)


def _root(inode: Inode, fork: Fork) -> tuple[int, int]:
    """How many records a tree's root has, and how many it has room for."""
    (records,) = struct.unpack_from(">H", inode.content, fork.start + 2)
    capacity = (fork.end - fork.start - 4) // 16
    if not 0 < records <= capacity:
        raise DamagedError(f"inode {inode.number} has an impossible tree")
    return records, capacity


def _form(value: int) -> Form:
    try:
        return Form(value)
    except ValueError:
        raise DamagedError(f"an inode has a fork of no known form ({value})") from None
