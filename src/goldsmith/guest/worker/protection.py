"""Immutable and append-only files (chattr +i, +a): a plan that changes one means it, as `rm` and an editor cannot.

The flags are taken away for the one change, and given back to whatever is still there afterwards: the directory, a file
that was rewritten, a file that has another name.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

# linux/fs.h; the argument is an int, whatever the number of the call says.
GET_FLAGS, SET_FLAGS = 0x8008_6601, 0x4008_6602
APPEND_ONLY, IMMUTABLE = 0x20, 0x10
PROTECTED = APPEND_ONLY | IMMUTABLE


@contextmanager
def lifted(directory: int, name: str) -> Iterator[bool]:
    """Whether the directory (O_PATH), or what has that name in it, was protected; within the block neither is."""
    with ExitStack() as stack:
        protected = [stack.enter_context(_lifted(directory, each)) for each in (".", name)]
        yield any(protected)


@contextmanager
def _lifted(directory: int, name: str) -> Iterator[bool]:
    try:
        if not _has_flags(os.stat(name, dir_fd=directory, follow_symlinks=False)):
            yield False
            return
        # O_NONBLOCK: a FIFO that took its place must not hang us.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=directory)
    except FileNotFoundError:
        yield False
        return
    try:
        before = _flags(descriptor) if _has_flags(os.fstat(descriptor)) else 0
        if not before & PROTECTED:
            yield False
            return
        _set_flags(descriptor, before & ~PROTECTED)
        try:
            yield True
        finally:
            if os.fstat(descriptor).st_nlink:
                _set_flags(descriptor, before)
    finally:
        os.close(descriptor)


def _has_flags(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)


def _flags(descriptor: int) -> int:
    """0 where the file system has no flags."""
    try:
        (flags,) = struct.unpack("I4x", fcntl.ioctl(descriptor, GET_FLAGS, bytes(8)))
    except OSError as error:
        if error.errno in {errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL}:
            return 0
        raise
    return int(flags)


def _set_flags(descriptor: int, flags: int) -> None:
    fcntl.ioctl(descriptor, SET_FLAGS, struct.pack("I4x", flags))
