"""Engine `mount`: the host's kernel mounts the guest, in namespaces of the worker's own. Root only."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from goldsmith.disk.disk import Disk
from goldsmith.errors import HostError
from goldsmith.guest.client import WorkerGuest, worker
from goldsmith.guest.engines.engine import EngineStatus
from goldsmith.guest.engines.opening import describe
from goldsmith.run import PACKAGES, search_path

NAME = "mount"
PROGRAMS = ("unshare", "qemu-storage-daemon", "qemu-img", "fusermount3", "systemd-nspawn")
DEVICES = ("/dev/fuse", "/dev/loop-control")
# --kill-child: the namespace's first process, and with it all of them, dies with unshare, and that with its lifeline.
NAMESPACES = (
    "unshare",
    "--mount",
    "--propagation=private",
    "--ipc",
    "--pid",
    "--fork",
    "--kill-child=SIGKILL",
    "--mount-proc",
)


def status() -> EngineStatus:
    """Whether this process may mount, and has what it takes."""
    if os.geteuid() != 0:
        return EngineStatus(usable=False, why="mounting a guest needs root", hint="run as root, or use guestfs")
    missing = [program for program in PROGRAMS if shutil.which(program, path=search_path()) is None]
    if missing:
        packages = sorted({PACKAGES.get(program, "fuse3") for program in missing})
        return EngineStatus(
            usable=False,
            why=f"{', '.join(missing)} not installed",
            hint=f"as root: apt-get install --no-install-recommends {' '.join(packages)}",
        )
    for device in DEVICES:
        if not os.access(device, os.R_OK | os.W_OK):
            return EngineStatus(
                usable=False, why=f"{device} is not there", hint="load the kernel's loop and fuse modules"
            )
    return EngineStatus(usable=True, why="this host's kernel mounts the guest in private namespaces")


@contextmanager
def open_disk(disk: Disk, *, scratch: Path, read_only: bool, grow: bool) -> Iterator[WorkerGuest]:
    """A guest on a disk, mounted by this host's kernel. Raises HostError where that cannot work."""
    found = status()
    if not found.usable:
        raise HostError(f"the engine mount does not work here: {found.why}", hint=found.hint)
    request = describe(disk, read_only=read_only, grow=grow)
    with worker(NAME, NAMESPACES, request, scratch=scratch) as guest:
        yield guest
