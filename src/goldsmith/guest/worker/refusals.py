"""What an operating system refused, as one line for the person who waits."""

from __future__ import annotations

import errno
import os

from goldsmith.errors import BuildError
from goldsmith.findings import printable


def told(error: OSError, action: str, path: str) -> BuildError:
    """What the operating system refused, on which path of the guest, and what to do about it."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return BuildError(
            f"cannot {action} {printable(path)} in the guest: its file system is full",
            hint="give the image a larger disk (disk: size:)",
        )
    hints = {
        errno.EROFS: "the guest was opened to be read only, or its file system has errors",
        errno.EPERM: "the file may be immutable (chattr +i), or this needs root",
        errno.EACCES: "this tree cannot be worked on by this user",
    }
    return BuildError(
        f"cannot {action} {printable(path)} in the guest: {os.strerror(error.errno or 0)}",
        hint=hints.get(error.errno or 0),
    )
