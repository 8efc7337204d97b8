"""What a guest is, read from its own files: asking libguestfs to inspect costs more than everything else we do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
