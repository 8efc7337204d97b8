"""The folders of sockets that libguestfs makes to wait for its appliance, and leaves behind when it is killed.

Always short-lived folders in /tmp (for other users than root in XDG_RUNTIME_DIR, where there is one): a socket's path
has at most 107 bytes, so they cannot lie in our scratch folder.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import socket
import stat
import time
from contextlib import suppress

PREFIX = "libguestfs"
SOCKET_NAME = "guestfsd.sock"
# Seconds; goldsmith itself waits no longer.
LONGEST_LAUNCH = 600.0


def forget_own() -> None:
    """Remove our own: the appliance has connected, and nothing else will."""
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            if not stat.S_ISSOCK(os.stat(int(name)).st_mode):
                continue
            with socket.socket(fileno=os.dup(int(name))) as bound:
                where = bound.getsockname() if bound.family == socket.AF_UNIX else ""
            if isinstance(where, str) and posixpath.basename(where) == SOCKET_NAME:
                shutil.rmtree(posixpath.dirname(where), ignore_errors=True)


def forget_dead() -> None:
    """Remove this user's whose socket nobody has open: those of runs that were killed while they waited.

    Young ones stay: another container may share the folder, and its sockets are not listed here.
    """
    with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as file:
        alive = {line.split(maxsplit=7)[-1].strip() for line in file}
    for parent in {"/tmp", os.environ.get("XDG_RUNTIME_DIR") or "/tmp"}:
        with suppress(OSError):
            for entry in os.scandir(parent):
                if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    ours = status.st_uid == os.geteuid() and time.time() - status.st_mtime > LONGEST_LAUNCH
                    where = os.path.join(entry.path, SOCKET_NAME)
                    if ours and os.path.exists(where) and where not in alive:
                        shutil.rmtree(entry.path, ignore_errors=True)
