"""How far a file system reaches and whether it was unmounted cleanly, from its own superblock.

ext2, ext3, ext4: Documentation/filesystems/ext4; XFS: its log's last record (fs/xfs/xfs_log_recover.c).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from goldsmith.disk.filesystem import FileSystemKind

Read = Callable[[int, int], bytes]

# The largest log that mkfs.xfs makes is 2 GiB; one of an image has 10 to 64 MiB.
LONGEST_LOG = 256 << 20
_EXT_CLEAN, _EXT_ERRORS = 0x1, 0x2
_EXT_NEEDS_RECOVERY, _EXT_64BIT = 0x4, 0x80
_XFS_RECORD, _XFS_UNMOUNT, _XFS_BLOCK = b"\xfe\xed\xba\xbe", 0x20, 512


@dataclass(frozen=True, slots=True)
class State:
    """`size` in bytes; `clean` is None where nothing says so, and `why` says what does."""

    size: int | None
    clean: bool | None
    why: str


def read_state(kind: FileSystemKind, read: Read) -> State:
    """`read(offset, length)` reads from the file system's begin."""
    if kind.is_ext:
        return _ext(read(1024, 1024))
    match kind:
        case FileSystemKind.XFS:
            return _xfs(read)
        case FileSystemKind.BTRFS:
            block = read(0x10000, 4096)
            size = struct.unpack_from("<Q", block, 0x70)[0] if len(block) == 4096 else None
            return State(size, clean=True, why="every commit of btrfs is a consistent tree")
        case _:
            return State(None, clean=None, why=f"{kind} does not say")


def _ext(block: bytes) -> State:
    if len(block) < 1024:
        return State(None, clean=None, why="its superblock is cut off")
    (low,) = struct.unpack_from("<I", block, 4)
    (log_block_size,) = struct.unpack_from("<I", block, 24)
    (state,) = struct.unpack_from("<H", block, 58)
    (incompatible,) = struct.unpack_from("<I", block, 96)
    (high,) = struct.unpack_from("<I", block, 0x150)
    if log_block_size > 6:
        return State(None, clean=None, why="its superblock has an impossible block size")
    size = (low + ((high << 32) if incompatible & _EXT_64BIT else 0)) * (1024 << log_block_size)
    if state & _EXT_ERRORS:
        return State(size, clean=False, why="its superblock counts errors")
    if incompatible & _EXT_NEEDS_RECOVERY:
        return State(size, clean=False, why="its journal has to be replayed")
    if not state & _EXT_CLEAN:
        return State(size, clean=False, why="its superblock says that it is mounted")
    return State(size, clean=True, why="its superblock says so")


def _xfs(read: Read) -> State:
    block = read(0, 512)
    if len(block) < 512:
        return State(None, clean=None, why="its superblock is cut off")
    block_size, blocks = struct.unpack_from(">IQ", block, 4)
    (log_start,) = struct.unpack_from(">Q", block, 48)
    (group_blocks,) = struct.unpack_from(">I", block, 84)
    (log_blocks,) = struct.unpack_from(">I", block, 96)
    group_log = block[124]
    size = block_size * blocks
    if log_start == 0:
        return State(size, clean=None, why="its log is on another device")
    length = log_blocks * block_size
    if not 0 < length <= LONGEST_LOG or group_log > 31:
        return State(size, clean=None, why=f"its log of {length} bytes is longer than what is read")
    group, inside = log_start >> group_log, log_start & ((1 << group_log) - 1)
    last = _last_record(read((group * group_blocks + inside) * block_size, length))
    if last is None:
        return State(size, clean=None, why="its log has no record")
    if last:
        return State(size, clean=True, why="the last record of its log is of an unmount")
    return State(size, clean=False, why="its log has to be replayed")


def _last_record(log: bytes) -> bool | None:
    """Whether the newest record of a log is that of an unmount; None where there is no record."""
    newest: tuple[int, int] | None = None
    at = log.find(_XFS_RECORD)
    while at != -1:
        if at % _XFS_BLOCK == 0:
            cycle, block = struct.unpack_from(">II", log, at + 16)
            # A record says itself where it lies: what only looks like one in the data of another does not count.
            if block == at // _XFS_BLOCK and (newest is None or (cycle, block) > newest):
                newest = (cycle, block)
        at = log.find(_XFS_RECORD, at + 1)
    if newest is None:
        return None
    header = newest[1] * _XFS_BLOCK
    (version,) = struct.unpack_from(">I", log, header + 8)
    (operations,) = struct.unpack_from(">I", log, header + 40)
    (record_size,) = struct.unpack_from(">I", log, header + 320)
    headers = max(1, -(-record_size // 32768)) if version & 2 else 1
    first = (header + headers * _XFS_BLOCK) % max(len(log), 1)
    return operations == 1 and len(log) > first + 9 and bool(log[first + 9] & _XFS_UNMOUNT)
