"""Whether a running machine has a disk image open: QEMU's own locks on the file tell, and only looking takes none.

QEMU holds read locks on single bytes of the file (block/file-posix.c): from 100 on for what it does to the image, from
200 on for what nobody else may do. They go with the process, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from goldsmith.errors import InputError

# struct flock; l_pid stays 0 for locks of open files.
FLOCK = "hhqqi4x"
READS, WRITES, RESIZES = 100, 101, 103
DOES, FORBIDS, KINDS = 100, 200, 4
HINT = "shut the machine down first, or work on a copy that was made while it was off"


def refuse_written(path: Path) -> None:
    """Raises InputError where a machine writes to the image: its bytes change while they are read."""
    if _locked(path, WRITES, 1) or _locked(path, RESIZES, 1):
        raise InputError(f"{path} is in use: a running machine writes to it", hint=HINT)


def refuse_used(path: Path) -> None:
    """Raises InputError where a machine uses the image in any way, as a backing file too: it must not be changed."""
    refuse_written(path)
    if _locked(path, DOES, KINDS) or _locked(path, FORBIDS, KINDS):
        raise InputError(f"{path} is in use: a running machine, or an overlay of one, lies on it", hint=HINT)


def _locked(path: Path, first: int, count: int) -> bool:
    """Whether somebody holds a lock within these bytes. A file system that cannot be asked, as some of a network, has
    none.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        asked = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, first, count, 0)
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return bool(struct.unpack(FLOCK, answer)[0] != fcntl.F_UNLCK)
