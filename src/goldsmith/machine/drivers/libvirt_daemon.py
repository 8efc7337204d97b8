"""The libvirtd to use: which one, whether it is there, and how a user's own is woken."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from goldsmith.errors import InputError
from goldsmith.machine.driver import DriverStatus
from goldsmith.run import wake

MAIN = str(Path(__file__).with_name("libvirt_main.py"))
# The Python that the distribution's binding is made for.
PYTHON = "/usr/bin/python3"
BINDINGS = ("usr/lib/python3/dist-packages", "usr/lib64/python3*/site-packages", "usr/lib/python3*/site-packages")
# EL 9 has one daemon for each of libvirt's drivers, Debian one for all.
PROGRAMS = ("libvirtd", "virtqemud")
SOCKETS = (Path("/run/libvirt/libvirt-sock"), Path("/run/libvirt/virtqemud-sock"))
PACKAGES = "libvirt-daemon-system python3-libvirt"
INSTALL = f"as root: apt-get install --no-install-recommends {PACKAGES}"
START = f"as root: systemctl start libvirtd; if it is missing, {INSTALL.removeprefix('as root: ')}"
URI = "LIBVIRT_DEFAULT_URI"
# Where a session's libvirtd keeps its files.
XDG = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")
SYSTEM_LOGS = (Path("/var/log/libvirt/qemu"), Path("/var/log/swtpm/libvirt/qemu"))
# A libvirtd that knows nothing yet starts every QEMU of the host once: 12 s with five of them on a loaded one.
WAKE_SECONDS = 60.0


def status() -> DriverStatus:
    """Whether there are the binding and a libvirtd; nothing is connected to."""
    if not any(True for folder in BINDINGS for _ in Path("/").glob(f"{folder}/libvirt.py")):
        return DriverStatus(usable=False, why="python3-libvirt is not installed", hint=INSTALL)
    if not any(shutil.which(program, path="/usr/sbin:/usr/bin:/sbin") for program in PROGRAMS):
        return DriverStatus(usable=False, why="libvirtd is not installed", hint=INSTALL)
    chosen = os.environ.get(URI) or default_uri()
    if chosen == "qemu:///system" and not any(path.exists() for path in SOCKETS):
        return DriverStatus(usable=False, why="libvirtd does not run", hint=START)
    return DriverStatus(usable=True, why=f"libvirtd is there ({chosen})")


def default_uri() -> str:
    """The host's libvirtd for root, everybody else's own."""
    return "qemu:///system" if os.geteuid() == 0 else "qemu:///session"


def uri() -> str:
    """The libvirtd to use. Raises InputError for one of another host: a machine's files lie on this one."""
    chosen = os.environ.get(URI) or default_uri()
    parts = urlsplit(chosen)
    if parts.scheme not in {"qemu", "qemu+unix"} or parts.netloc:
        raise InputError(
            f"{URI} is {chosen}: machines run on this host's QEMU only",
            hint="qemu:///system, qemu:///session, or leave it out",
        )
    return chosen


def is_session(chosen: str) -> bool:
    return urlsplit(chosen).path == "/session"


def environment() -> dict[str, str]:
    """What a worker needs to find a session's libvirtd. It never starts one: that one would end with the worker."""
    return {"LIBVIRT_AUTOSTART": "0", **{name: os.environ[name] for name in XDG if name in os.environ}}


def wake_session(chosen: str) -> None:
    """Have libvirt start this user's own libvirtd, which the user's other programs may use too, and which ends by
    itself when nobody has used it for two minutes.
    """
    wake([PYTHON, "-I", MAIN, "wake", chosen], timeout=WAKE_SECONDS)


def logs(chosen: str, name: str) -> tuple[Path, ...]:
    """What libvirtd keeps for ever of a domain: the words of its QEMU, and those of its TPM."""
    qemu, tpm = SYSTEM_LOGS
    if is_session(chosen):
        qemu = tpm = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "libvirt/qemu/log")
    return qemu / f"{name}.log", tpm / f"{name}-swtpm.log"
