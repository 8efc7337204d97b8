"""Engine `guestfs`: an appliance of libguestfs, a small virtual machine, mounts the guest. Works for every user."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from goldsmith import settings
from goldsmith.disk.disk import Disk
from goldsmith.errors import HostError
from goldsmith.guest.client import WorkerGuest, worker
from goldsmith.guest.engines.engine import EngineStatus
from goldsmith.guest.engines.opening import describe
from goldsmith.guest.worker.libguestfs import LIBRARY
from goldsmith.run import search_path

NAME = "guestfs"
PACKAGES = "python3-guestfs libguestfs-xfs qemu-system-x86 qemu-utils linux-image-cloud-amd64"
INSTALL = f"as root: apt-get install --no-install-recommends {PACKAGES}"
PROGRAMS = ("supermin", "qemu-img")
# A UNIX socket's path has at most 107 bytes; libguestfs adds /libguestfsXXXXXX/guestfsd.sock.
LONGEST_SOCKET_FOLDER = 76


def status() -> EngineStatus:
    """Whether there is a library, a hypervisor, and a kernel that this user may read."""
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return EngineStatus(usable=False, why=f"{LIBRARY} is not installed", hint=INSTALL)
    path = search_path()
    missing = [program for program in PROGRAMS if shutil.which(program, path=path) is None]
    if not any(shutil.which(f"qemu-system-{arch}", path=path) for arch in (os.uname().machine, "x86_64")):
        missing.append(f"qemu-system-{os.uname().machine}")
    if missing:
        return EngineStatus(usable=False, why=f"{', '.join(missing)} not installed", hint=INSTALL)
    kernels = sorted(Path("/boot").glob("vmlinu[xz]-*"))
    if not kernels:
        return EngineStatus(usable=False, why="there is no kernel in /boot to start its appliance with", hint=INSTALL)
    if not any(os.access(kernel, os.R_OK) for kernel in kernels):
        return EngineStatus(
            usable=False,
            why=f"its appliance starts {kernels[-1]}, which this user cannot read",
            hint=f"as root: chmod 0644 {kernels[-1]}",
        )
    return EngineStatus(usable=True, why="an appliance of libguestfs mounts the guest, away from this host's kernel")


@contextmanager
def open_disk(disk: Disk, *, scratch: Path, read_only: bool, grow: bool, accelerated: bool) -> Iterator[WorkerGuest]:
    """A guest on a disk, mounted in an appliance. Raises HostError where that cannot work."""
    found = status()
    if not found.usable:
        raise HostError(f"the engine guestfs does not work here: {found.why}", hint=found.hint)
    cache = settings.cache_dir() / "appliance"
    cache.mkdir(parents=True, exist_ok=True)
    request = describe(disk, read_only=read_only, grow=grow, accelerated=accelerated, cache=str(cache))
    with worker(NAME, (), request, scratch=scratch) as guest:
        yield guest
