"""What a guest is, read from its own files: asking libguestfs to inspect costs more than everything else we do."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from goldsmith.errors import InputError
from goldsmith.guest.index import Index


class PackageManager(StrEnum):
    """Who installs packages in the guest."""

    APT = "apt"
    DNF = "dnf"
    ZYPPER = "zypper"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class GuestInfo:
    """`distro` and `version` are os-release's ID and VERSION_ID; `like` is ID_LIKE; versions are upstream versions."""

    distro: str
    version: str
    pretty_name: str
    like: tuple[str, ...]
    arch: str
    package_manager: PackageManager
    init: str
    cloud_init_version: str | None
    selinux: str | None

    @property
    def family(self) -> str:
        """debian, rhel or suse, or the distribution itself where it is of no known family."""
        for name in (self.distro, *self.like):
            if name in {"debian", "rhel", "suse"}:
                return name
            if name in {"fedora", "centos"}:
                return "rhel"
        return self.distro


OS_RELEASES = ("/etc/os-release", "/usr/lib/os-release")
# Programs that every family has; the ELF header of the first that is there tells the architecture.
ELF_PROGRAMS = ("/usr/bin/true", "/bin/true", "/usr/bin/env", "/bin/sh")
MANAGERS = (
    ("/usr/bin/apt-get", PackageManager.APT),
    ("/usr/bin/dnf", PackageManager.DNF),
    ("/usr/bin/dnf5", PackageManager.DNF),
    ("/usr/bin/zypper", PackageManager.ZYPPER),
)
INITS = ("/sbin/init", "/usr/sbin/init", "/lib/systemd/systemd", "/usr/lib/systemd/systemd")
SELINUX_CONFIG = "/etc/selinux/config"
CLOUD_INIT_VERSIONS = (
    "/usr/lib/python3/dist-packages/cloudinit/version.py",
    *(f"/usr/lib/python3.{minor}/site-packages/cloudinit/version.py" for minor in range(6, 20)),
)
INFO_ROOTS: tuple[str, ...] = (
    *OS_RELEASES,
    *ELF_PROGRAMS,
    *(path for path, _ in MANAGERS),
    *INITS,
    SELINUX_CONFIG,
    *CLOUD_INIT_VERSIONS,
)

ELF_MACHINES = {0x3E: "x86_64", 0xB7: "aarch64", 0x03: "i686", 0x28: "armv7l", 0x16: "s390x", 0xF3: "riscv64"}
PPC64 = 0x15
LIMIT = 16 << 20


def read_info(index: Index, read: Callable[[str, int], bytes]) -> GuestInfo:
    """What the guest is, by an index of at least INFO_ROOTS and a reader of canonical paths.

    Raises InputError where there is no os-release: no operating system that we know how to work on.
    """

    def content(*paths: str) -> bytes | None:
        for path in paths:
            found = index.resolve(path)
            if found is not None and index[found].is_regular:
                return read(found, LIMIT)
        return None

    release = content(*OS_RELEASES)
    if release is None:
        raise InputError(
            "no operating system found: neither /etc/os-release nor /usr/lib/os-release is there",
            hint="name the root of an installed Linux system, or a disk that holds one",
        )
    facts = _assignments(release)
    return GuestInfo(
        distro=facts.get("ID", "linux"),
        version=facts.get("VERSION_ID", ""),
        pretty_name=facts.get("PRETTY_NAME", facts.get("NAME", "Linux")),
        like=tuple(facts.get("ID_LIKE", "").split()),
        arch=_architecture(content(*ELF_PROGRAMS) or b""),
        package_manager=next((manager for path, manager in MANAGERS if index.resolve(path)), PackageManager.NONE),
        init=_init(index),
        cloud_init_version=_cloud_init_version(content(*CLOUD_INIT_VERSIONS)),
        selinux=_selinux(content(SELINUX_CONFIG)),
    )


def _assignments(content: bytes) -> dict[str, str]:
    """os-release(5): shell assignments, quoted as for a shell."""
    found: dict[str, str] = {}
    for line in content.decode("utf-8", "replace").splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or name.startswith("#"):
            continue
        try:
            found[name] = " ".join(shlex.split(value))
        except ValueError:
            found[name] = value
    return found


def _architecture(program: bytes) -> str:
    """Uname's name for the machine that an ELF program is made for; empty where it is none."""
    if program[:4] != b"\x7fELF" or len(program) < 20:
        return ""
    order: Literal["little", "big"] = "little" if program[5] == 1 else "big"
    machine = int.from_bytes(program[18:20], order)
    if machine == PPC64:
        return "ppc64le" if order == "little" else "ppc64"
    return ELF_MACHINES.get(machine, "")


def _init(index: Index) -> str:
    """systemd, or the name of the program that /sbin/init leads to."""
    for path in INITS:
        found = index.resolve(path)
        if found is not None:
            return posixpath.basename(found)
    return ""


def _cloud_init_version(module: bytes | None) -> str | None:
    """The version that the guest's own cloud-init says it has: `__VERSION__ = "22.4.2"`."""
    if module is None:
        return None
    found = re.search(rb"""^__VERSION__\s*=\s*["']([0-9][0-9A-Za-z.~+-]*)["']""", module, re.MULTILINE)
    return found.group(1).decode("ascii") if found else None


def _selinux(config: bytes | None) -> str | None:
    """Enforcing or permissive; None where SELinux is off or absent."""
    if config is None:
        return None
    mode = _assignments(config).get("SELINUX", "").lower()
    return mode if mode in {"enforcing", "permissive"} else None
