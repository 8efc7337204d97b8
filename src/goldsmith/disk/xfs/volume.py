"""An XFS in a raw file: its geometry, and blocks that are read, blanked in part and written with a new checksum."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from goldsmith.disk.crc32c import crc32c

# Incompatible features whose structures are known here: ftype, sparse inodes, separate metadata UUID, times beyond
# 2038, a repair that is due, large extent counts, exchange of ranges, parent pointers.
KNOWN_INCOMPATIBLE = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x80
SPARSE_INODES, WIDE_COUNTS, FILE_TYPES = 0x2, 0x20, 0x1
# Free inode btree, reverse mapping, reflink, counts of inode btrees.
KNOWN_READ_ONLY = 0x1 | 0x2 | 0x4 | 0x8
REVERSE_MAPPING, REFLINK, FREE_INODES = 0x2, 0x4, 0x1

Range = tuple[int, int]


class DamagedError(Exception):
    """The file system contradicts itself."""


class UnknownFormatError(Exception):
    """The file system has something whose structures are not known here."""


class OldFormatError(UnknownFormatError):
    """The file system has no checksums; xfsprogs still know it."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes in bytes; `*_log` are powers of two. `special` are the inodes that the superblock names and no tree has."""

    blocks: int
    block: int
    sector: int
    groups: int
    group_blocks: int
    group_blocks_log: int
    inode: int
    inodes_per_block_log: int
    directory_block: int
    incompatible: int
    read_only: int
    special: frozenset[int]


def read_geometry(superblock: bytes, size: int) -> Geometry:
    """Of a file system with at most `size` bytes. Raises UnknownFormatError, or DamagedError for impossible sizes."""
    if len(superblock) < 264 or superblock[:4] != b"XFSB":
        raise DamagedError("it has no superblock")
    block, blocks, realtime = struct.unpack_from(">IQQ", superblock, 4)
    (log_start,) = struct.unpack_from(">Q", superblock, 48)
    group_blocks, groups = struct.unpack_from(">II", superblock, 84)
    version, sector, inode = struct.unpack_from(">HHH", superblock, 100)
    read_only, incompatible = struct.unpack_from(">II", superblock, 212)
    inodes_per_block_log, group_blocks_log = superblock[123:125]
    directory_block = block << superblock[192]
    if realtime:
        raise UnknownFormatError("it has a real-time section")
    if log_start == 0:
        raise UnknownFormatError("its log is on another device")
    if version & 0xF == 4:
        raise OldFormatError("it has the format without checksums (version 4)")
    if version & 0xF != 5 or incompatible & ~KNOWN_INCOMPATIBLE or read_only & ~KNOWN_READ_ONLY:
        raise UnknownFormatError(f"it has features that are not known ({incompatible:#x}, {read_only:#x})")
    if block not in {1 << n for n in range(10, 17)} or sector not in {1 << n for n in range(9, 16)}:
        raise DamagedError("its superblock has impossible sizes")
    if inode not in {1 << n for n in range(9, 12)} or inode << inodes_per_block_log != block:
        raise DamagedError("its superblock has impossible inodes")
    if not 0 < directory_block <= 1 << 16 or not 0 < group_blocks <= 1 << group_blocks_log < 1 << 32:
        raise DamagedError("its superblock has impossible sizes")
    if not 0 < blocks * block <= size or -(-blocks // group_blocks) != groups:
        raise DamagedError("it is larger than its partition")
    special = struct.unpack_from(">QQ", superblock, 64) + struct.unpack_from(">QQ", superblock, 160)
    return Geometry(
        blocks=blocks,
        block=block,
        sector=sector,
        groups=groups,
        group_blocks=group_blocks,
        group_blocks_log=group_blocks_log,
        inode=inode,
        inodes_per_block_log=inodes_per_block_log,
        directory_block=directory_block,
        incompatible=incompatible,
        read_only=read_only,
        special=frozenset((*special, *struct.unpack_from(">Q", superblock, 232))),
    )


class Volume:
    """A file system that begins at the start of an open file. Every place is checked before it is read or written."""

    def __init__(self, descriptor: int, size: int) -> None:
        self.descriptor = descriptor
        self.geometry = read_geometry(os.pread(descriptor, 512, 0), size)
        self._seen: set[int] = set()

    def group(self, number: int) -> int:
        """Where an allocation group begins, in bytes."""
        return number * self.geometry.group_blocks * self.geometry.block

    def place(self, block: int, count: int = 1) -> int:
        """Where `count` blocks lie, in bytes; `block` has the group's number in its high bits."""
        shape = self.geometry
        group, inside = block >> shape.group_blocks_log, block & (1 << shape.group_blocks_log) - 1
        first = group * shape.group_blocks + inside
        if inside + count > shape.group_blocks or first + count > shape.blocks:
            raise DamagedError("it names blocks that it does not have")
        return first * shape.block

    def once(self, offset: int) -> None:
        """Raises DamagedError where something of a tree is visited again: the tree is a loop."""
        if offset in self._seen:
            raise DamagedError("a tree is a loop")
        self._seen.add(offset)

    def read(self, offset: int, length: int) -> bytes:
        data = os.pread(self.descriptor, length, offset)
        if len(data) < length:
            raise DamagedError("it ends early")
        return data

    def blank(self, places: Sequence[int], data: bytes, checksum: int, ranges: Iterable[Range]) -> None:
        """Zero ranges of a structure, whose checksum is its four bytes at `checksum`. It lies in equal parts at
        `places`; nothing is written where there are only zeros already.
        """
        blanked = blanked_copy(data, checksum, ranges)
        if blanked is None:
            return
        length = len(data) // len(places)
        for number, offset in enumerate(places):
            part = blanked[number * length : (number + 1) * length]
            if part != data[number * length : (number + 1) * length]:
                self._write(offset, part)

    def _write(self, offset: int, data: bytes) -> None:
        while data:
            written = os.pwrite(self.descriptor, data, offset)
            data, offset = data[written:], offset + written


def blanked_copy(data: bytes, checksum: int, ranges: Iterable[Range]) -> bytes | None:
    """The structure with zeros in `ranges` and a new checksum, or None where they are zeros already.

    Raises DamagedError where its present checksum is wrong: then it is not what it was taken for.
    """
    changed: bytearray | None = None
    for start, end in ranges:
        if data[start:end].strip(b"\0"):
            changed = changed or bytearray(data)
            changed[start:end] = bytes(end - start)
    if changed is None:
        return None
    if data[checksum : checksum + 4] != _checksum(data, checksum):
        raise DamagedError("a checksum is wrong")
    changed[checksum : checksum + 4] = _checksum(changed, checksum)
    return bytes(changed)


def _checksum(data: bytes | bytearray, at: int) -> bytes:
    """The checksum of a structure, counted as if the four bytes that hold it were zeros."""
    view = memoryview(data)
    return crc32c(view[at + 4 :], crc32c(bytes(4), crc32c(view[:at]))).to_bytes(4, "little")
