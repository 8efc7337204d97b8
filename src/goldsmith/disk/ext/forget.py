"""Blanks what is allocated but unused in a clean ext4: blocks of files that were never written, which still hold what
was deleted before them, and removed names of directories that lie in their inode.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator

from goldsmith.disk.crc32c import crc32c
from goldsmith.disk.erase import erase
from goldsmith.disk.ext import inode
from goldsmith.disk.ext.inode import ALL_ONES, DamagedError

SEED_IN_SUPERBLOCK, METADATA_CHECKSUMS = 0x2000, 0x400
# (number of its first inode, offset of its table in bytes, numbers of its free inodes as ranges with both ends)
Group = tuple[int, int, list[tuple[int, int]]]


def forget(descriptor: int, offset: int, groups: Iterable[Group], *, block: int, blocks: int, inode_size: int,
           inodes_per_group: int) -> None:  # fmt: skip
    """Blank what is unused in the file system at `offset` of a file; sizes in bytes. Raises DamagedError where it
    contradicts itself.
    """
    disk = _Disk(descriptor, offset, block, blocks)
    for first, table, free in groups:
        data = disk.read(table, inodes_per_group * inode_size)
        for position in _used(inodes_per_group, first, free):
            content = data[position * inode_size : (position + 1) * inode_size]
            if inode.is_regular_with_extents(content):
                disk.forget_unwritten(content)
            elif inode.is_inline_directory(content):
                ranges = list(inode.unused_of_directory(content))
                blanked = inode.blanked(content, first + position, ranges, disk.seed)
                if blanked is not None:
                    disk.write(table + position * inode_size, blanked)


def _used(count: int, first: int, free: list[tuple[int, int]]) -> Iterator[int]:
    """Positions in a group's table that are in use."""
    at = 0
    for start, end in [*sorted(free), (first + count, first + count)]:
        yield from range(at, start - first)
        at = end + 1 - first


class _Disk:
    def __init__(self, descriptor: int, offset: int, block: int, blocks: int) -> None:
        self._descriptor, self._offset, self._block, self._blocks = descriptor, offset, block, blocks
        superblock = self.read(1024, 1024)
        incompatible, read_only = struct.unpack_from("<II", superblock, 96)
        (own,) = struct.unpack_from("<I", superblock, 624)
        seed = own if incompatible & SEED_IN_SUPERBLOCK else crc32c(superblock[104:120]) ^ ALL_ONES
        self.seed = seed if read_only & METADATA_CHECKSUMS else None
        self._seen: set[int] = set()

    def forget_unwritten(self, content: bytes) -> None:
        pending = [content[inode.BODY]]
        while pending:
            for extent in inode.extents(pending.pop()):
                if extent.block + extent.count > self._blocks:
                    raise DamagedError("a file has blocks that the disk does not have")
                if extent.below:
                    if extent.block in self._seen:
                        raise DamagedError("a list of extents is a loop")
                    self._seen.add(extent.block)
                    pending.append(self.read(extent.block * self._block, self._block))
                elif extent.unwritten:
                    erase(self._descriptor, self._offset + extent.block * self._block, extent.count * self._block)

    def read(self, at: int, length: int) -> bytes:
        data = os.pread(self._descriptor, length, self._offset + at)
        if len(data) < length:
            raise DamagedError("it ends early")
        return data

    def write(self, at: int, data: bytes) -> None:
        while data:
            written = os.pwrite(self._descriptor, data, self._offset + at)
            data, at = data[written:], at + written
