"""A second view of the guest's mounts in which the guest's root is an unused uid of the host.

Of all mounts at once: systemd-nspawn's own mapping fails where something is mounted below the root ("Device or resource
busy"), and a guest with /boot on a partition of its own is the normal case outside of Debian.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import struct
import time

from goldsmith.errors import HostError
from goldsmith.guest.worker.syscalls import invoke
from goldsmith.run import running

# systemd's range of uids for containers (systemd.io/UIDS-GIDS); one container has 65536 of them.
FIRST_UID, LAST_UID, UIDS = 0x00080000, 0x6FFF0000, 0x10000
# Numbers of system calls, the same on every architecture, and their flags (linux/mount.h, linux/fcntl.h).
SYS_OPEN_TREE, SYS_MOVE_MOUNT, SYS_MOUNT_SETATTR = 428, 429, 442
AT_FDCWD, AT_RECURSIVE, AT_EMPTY_PATH = -100, 0x8000, 0x1000
OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH, MOUNT_ATTR_NOSUID, MOUNT_ATTR_IDMAP = 1, 4, 2, 0x00100000
START_TIMEOUT = 30.0


def map_owners(root: str, target: str, private: str, *, set_id: bool = False) -> int:
    """Show everything mounted at and below `root` at `target`, an empty folder, and return the uid that is root there.

    `private` is a folder on a tmpfs. With `set_id` set-user-ID bits count in this view, where they lead to no uid but
    those of the container. Raises HostError where this host, or a file system of the guest, cannot do that.
    """
    base = unused_uid()
    namespace = _user_namespace(base, private)
    tree = -1
    try:
        tree = invoke(SYS_OPEN_TREE, AT_FDCWD, root.encode(), OPEN_TREE_CLONE | AT_RECURSIVE | os.O_CLOEXEC)
        attributes = struct.pack("QQQQ", MOUNT_ATTR_IDMAP, MOUNT_ATTR_NOSUID if set_id else 0, 0, namespace)
        invoke(SYS_MOUNT_SETATTR, tree, b"", AT_EMPTY_PATH | AT_RECURSIVE, attributes, ctypes.c_size_t(len(attributes)))
        invoke(SYS_MOVE_MOUNT, tree, b"", AT_FDCWD, target.encode(), MOVE_MOUNT_F_EMPTY_PATH)
    except OSError as error:
        raise HostError(
            f"this host cannot map the owners of the guest's files: {error.strerror}",
            hint="use --engine guestfs: its appliance keeps guest programs apart",
        ) from error
    finally:
        os.close(namespace)
        if tree >= 0:
            os.close(tree)
    return base


def unused_uid() -> int:
    """The first of a range of uids that nobody on this host has."""
    while True:
        base = FIRST_UID + UIDS * secrets.randbelow((LAST_UID - FIRST_UID) // UIDS + 1)
        try:
            pwd.getpwuid(base)
        except KeyError:
            return base


def _user_namespace(base: int, private: str) -> int:
    """A descriptor of a user namespace in which uid 0 is `base`; a process that only waits holds it open meanwhile."""
    told, log_path = os.path.join(private, "namespace.pid"), os.path.join(private, "namespace.log")
    argv = ["unshare", "--user", "sh", "-c", 'echo $$ >"$0.new"; mv "$0.new" "$0"; exec sleep 60', told]
    with open(log_path, "wb") as log, running(argv, log=log) as process:
        deadline = time.monotonic() + START_TIMEOUT
        while not os.path.exists(told):
            if process.poll() is not None or time.monotonic() > deadline:
                raise HostError(
                    "this host lets nobody make a user namespace",
                    hint="sysctl user.max_user_namespaces, or use --engine guestfs",
                )
            time.sleep(0.005)
        with open(told, encoding="ascii") as file:
            pid = int(file.read())
        os.unlink(told)
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{pid}/{name}", "w", encoding="ascii") as file:
                file.write(f"0 {base} {UIDS}\n")
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
