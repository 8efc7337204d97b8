"""Blanks everything in a clean XFS that is allocated but unused: the bodies of free inodes, what inodes held when their
content was smaller, removed entries in blocks of directories and attributes, unused parts of trees, extents that were
never written, and what lies behind the ends of files.

It only zeros bytes that no reader uses, and renews the checksum beside them: no structure changes. Everything is
visited once, so the time grows with the number of inodes and of blocks of metadata.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from goldsmith.disk.erase import erase
from goldsmith.disk.xfs import attributes, btree, directory, inode
from goldsmith.disk.xfs.inode import Extent, Fork, Form, Inode
from goldsmith.disk.xfs.volume import (
    FILE_TYPES,
    FREE_INODES,
    REFLINK,
    REVERSE_MAPPING,
    SPARSE_INODES,
    DamagedError,
    Range,
    Volume,
)

CHUNK = 64  # inodes of one record
# Of a symbolic link's block; the length of its part of the target stands at 8.
LINK, LINK_HEADER, LINK_CHECKSUM = b"XSLM", 56, 12
# A target has at most 1,024 bytes: two blocks of the smallest size.
LINK_BLOCKS = 2


def forget(descriptor: int, size: int) -> None:
    """Blank what is unused in the XFS at the start of a file. Its log has to be empty.

    Raises UnknownFormatError before anything is changed, DamagedError where the file system contradicts itself.
    """
    volume = Volume(descriptor, size)
    for number in range(volume.geometry.groups):
        Group(volume, number).forget()


class Group:
    """One allocation group."""

    def __init__(self, volume: Volume, number: int) -> None:
        shape = volume.geometry
        self._volume = volume
        self._start = volume.group(number)
        self._base = number << shape.group_blocks_log
        # Sectors 1 and 2 of a group: its free space and its inodes.
        self._space = volume.read(self._start + shape.sector, shape.sector)
        self._inodes = volume.read(self._start + 2 * shape.sector, shape.sector)
        if self._space[:4] != b"XAGF" or self._inodes[:4] != b"XAGI":
            raise DamagedError(f"allocation group {number} has no headers")

    def forget(self) -> None:
        shape = self._volume.geometry
        self._blank(btree.FREE_BY_PLACE, self._space, 16, 28)
        self._blank(btree.FREE_BY_SIZE, self._space, 20, 32)
        if shape.read_only & REVERSE_MAPPING:
            self._blank(btree.REVERSE, self._space, 24, 36)
        if shape.read_only & REFLINK:
            self._blank(btree.SHARED, self._space, 88, 92)
        if shape.read_only & FREE_INODES:
            self._blank(btree.FREE_INODES, self._inodes, 328, 332)
        for first, holes, free in self._chunks():
            self._forget_chunk(first, holes, free)

    def _blank(self, kind: btree.Kind, header: bytes, root: int, level: int) -> None:
        for _ in self._records(kind, header, root, level):
            pass

    def _records(self, kind: btree.Kind, header: bytes, root: int, level: int) -> Iterator[bytes]:
        (block,), (levels,) = struct.unpack_from(">I", header, root), struct.unpack_from(">I", header, level)
        return btree.walk(self._volume, kind, self._base, block, levels - 1)

    def _chunks(self) -> Iterator[tuple[int, int, int]]:
        """(first inode's number in the group, mask of holes by 4 inodes, mask of free inodes)."""
        sparse = self._volume.geometry.incompatible & SPARSE_INODES
        for records in self._records(btree.INODES, self._inodes, 20, 24):
            for first, holes, _, _, free in struct.iter_unpack(">IHBBQ", records):
                yield first, holes if sparse else 0, free

    def _forget_chunk(self, first: int, holes: int, free: int) -> None:
        shape = self._volume.geometry
        start = self._start + first * shape.inode
        for position in range(0, CHUNK, 4):
            if holes >> position // 4 & 1:
                continue
            if start + (position + 4) * shape.inode > shape.blocks * shape.block:
                raise DamagedError("inodes lie behind its end")
            contents = self._volume.read(start + position * shape.inode, 4 * shape.inode)
            for number in range(4):
                content = contents[number * shape.inode : (number + 1) * shape.inode]
                self._forget_inode(
                    start + (position + number) * shape.inode, content, free=free >> position + number & 1
                )

    def _forget_inode(self, place: int, content: bytes, *, free: int) -> None:
        if free:
            self._volume.blank([place], content, inode.CHECKSUM, inode.unused_of_free(content))
            return
        found = inode.read_inode(content)
        self._volume.blank([place], content, inode.CHECKSUM, inode.unused(found))
        if found.attributes is not None:
            self._forget_attributes(found, found.attributes)
        if found.is_directory:
            self._forget_directory(found)
        elif found.is_link:
            self._forget_link(found)
        elif found.is_regular and found.number not in self._volume.geometry.special:
            self._forget_file(found)

    def _forget_attributes(self, found: Inode, fork: Fork) -> None:
        size = self._volume.geometry.block
        for extent in self._extents(found, fork):
            place = self._volume.place(extent.block, extent.count)
            for at in range(place, place + extent.count * size, size):
                block = self._volume.read(at, size)
                self._volume.blank([at], block, *attributes.unused(block))

    def _forget_directory(self, found: Inode) -> None:
        shape = self._volume.geometry
        parts = shape.directory_block // shape.block
        places: list[int] = []
        for extent in self._extents(found, found.data):
            start = self._volume.place(extent.block, extent.count)
            for number in range(extent.count):
                if (extent.logical + number) % parts != len(places):
                    raise DamagedError(f"directory {found.number} has a block in part")
                places.append(start + number * shape.block)
                if len(places) == parts:
                    block = b"".join(self._volume.read(place, shape.block) for place in places)
                    types = bool(shape.incompatible & FILE_TYPES)
                    self._volume.blank(places, block, *directory.unused(block, file_types=types))
                    places = []
        if places:
            raise DamagedError(f"directory {found.number} has a block in part")

    def _forget_link(self, found: Inode) -> None:
        for extent in self._extents(found, found.data):
            if extent.count > LINK_BLOCKS:
                raise DamagedError(f"symbolic link {found.number} is too long")
            place = self._volume.place(extent.block, extent.count)
            block = self._volume.read(place, extent.count * self._volume.geometry.block)
            self._volume.blank([place], block, LINK_CHECKSUM, [_behind_target(block)])

    def _forget_file(self, found: Inode) -> None:
        size = self._volume.geometry.block
        for extent in self._extents(found, found.data):
            place = self._volume.place(extent.block, extent.count)
            # Bytes of the extent that a reader gets; the others read as zeros, or as nothing.
            used = 0 if extent.unwritten else min(max(found.size - extent.logical * size, 0), extent.count * size)
            # A block that is shared may be longer in the other file. Unwritten ones are never shared.
            if used < extent.count * size and (extent.unwritten or not found.shares_blocks):
                erase(self._volume.descriptor, place + used, extent.count * size - used)

    def _extents(self, found: Inode, fork: Fork) -> Iterator[Extent]:
        if fork.form is not Form.TREE:
            yield from inode.own_extents(found, fork)
            return
        level, roots = inode.tree(found, fork)
        for root in roots:
            for records in btree.walk(self._volume, btree.EXTENTS, 0, root, level - 1):
                yield from inode.extents(records)


def _behind_target(block: bytes) -> Range:
    (length,) = struct.unpack_from(">I", block, 8)
    if block[:4] != LINK:
        raise DamagedError("a symbolic link has a block of no known kind")
    return directory.behind(LINK_HEADER + length, len(block))
