"""The families of distributions, by the names that cloud-init has for them in `system_info.distro`."""

from __future__ import annotations

from typing import Any

# Source: cloudinit/distros/__init__.py (OSFAMILIES) of 22.4 to 26.2, as far as package names are alike.
FAMILIES = {
    "debian": ("debian", "raspberry-pi-os", "ubuntu"),
    "rhel": (
        "almalinux", "centos", "cloudlinux", "eurolinux", "fedora", "miraclelinux", "rhel", "rocky", "virtuozzo",
    ),
    "suse": (
        "opensuse", "opensuse-leap", "opensuse-microos", "opensuse-tumbleweed", "sle-micro", "sle_hpc", "sles", "suse",
    ),
}  # fmt: skip
_BY_NAME = {name: family for family, names in FAMILIES.items() for name in names}


def family_of(distro: Any) -> str | None:
    """debian, rhel or suse; None for others and for what is no name."""
    return _BY_NAME.get(distro) if isinstance(distro, str) else None
