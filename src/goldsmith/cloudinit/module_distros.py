"""Which distributions each module of cloud-init runs on, by version; all others run on every one.

Source: `meta["distros"]` of cloudinit/config/cc_*.py in every release from 22.4 to 26.2; compared with 22.4.2 and
25.1.4 themselves in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping

from goldsmith.cloudinit.version import Version

_START: Version = (0, 0)
_Since = tuple[tuple[Version, str], ...]
_UBUNTU: _Since = ((_START, "ubuntu"),)
_DEBIANS: _Since = ((_START, "debian ubuntu"), ((25, 2), "raspberry-pi-os"))
_SUSES = "opensuse-leap opensuse-microos opensuse-tumbleweed sle-micro sle_hpc"
# Those that yum_add_repo knew from the start, and others with it.
_OLD = "almalinux centos cloudlinux eurolinux fedora mariner openEuler openmandriva photon rhel rocky virtuozzo"
# A minus before a name: from then on no more.
DISTROS: Mapping[str, _Since] = {
    "apk_configure": ((_START, "alpine"),),
    "apt_configure": _DEBIANS,
    "apt_pipelining": _DEBIANS,
    "byobu": _DEBIANS,
    "ca_certs": (
        (_START, "alpine debian rhel ubuntu"),
        ((23, 2), f"fedora opensuse sles {_SUSES}"),
        ((24, 1), "photon"),
        ((24, 2), "almalinux cloudlinux"),
        ((24, 3), "aosc"),
        ((25, 2), "centos raspberry-pi-os"),
        ((26, 1), "rocky"),
        ((26, 2), "amazon"),
    ),
    "fan": _UBUNTU,
    "grub_dpkg": ((_START, "debian ubuntu"),),
    "keyboard": (
        (
            _START,
            f"{_OLD} amazon arch debian miraclelinux opensuse sles ubuntu",
        ),
        ((23, 1), f"{_SUSES} -openEuler"),
        ((23, 3), "alpine"),
        ((23, 4), "suse"),
        ((24, 2), "azurelinux"),
        ((25, 2), "raspberry-pi-os"),
    ),
    "landscape": _UBUNTU,
    "lxd": _UBUNTU,
    "ntp": (
        (
            _START,
            f"{_OLD} alpine cos debian freebsd miraclelinux openbsd opensuse sles ubuntu",
        ),
        ((23, 1), f"OpenCloudOS TencentOS {_SUSES}"),
        ((23, 3), "openeuler -openEuler"),
        ((24, 2), "azurelinux"),
        ((24, 3), "aosc"),
        ((25, 2), "raspberry-pi-os"),
    ),
    "raspberry_pi": ((_START, "raspberry-pi-os"),),
    "resolv_conf": (
        (_START, "alpine fedora mariner opensuse photon rhel sles"),
        ((23, 1), _SUSES),
        ((23, 3), "openeuler"),
        ((24, 2), "azurelinux"),
    ),
    "rh_subscription": ((_START, "fedora rhel"), ((23, 3), "openeuler"), ((26, 1), "-openeuler")),
    "snap": _UBUNTU,
    "spacewalk": ((_START, "fedora rhel"), ((23, 3), "openeuler")),
    "ssh_import_id": ((_START, "cos debian ubuntu"), ((23, 3), "alpine"), ((25, 2), "raspberry-pi-os")),
    "ubuntu_advantage": _UBUNTU,
    "ubuntu_autoinstall": _UBUNTU,
    "ubuntu_drivers": _UBUNTU,
    "ubuntu_pro": _UBUNTU,
    "wireguard": _UBUNTU,
    "yum_add_repo": (
        (
            _START,
            _OLD,
        ),
        ((23, 1), "OpenCloudOS TencentOS"),
        ((23, 3), "openeuler -openEuler"),
        ((24, 2), "azurelinux"),
        ((26, 2), "amazon"),
    ),
    "zypper_add_repo": ((_START, "opensuse sles"), ((23, 1), _SUSES)),
}


def distros_of(module: str, version: Version) -> frozenset[str] | None:
    """The distributions that a module runs on, None for all."""
    history = DISTROS.get(module)
    if history is None:
        return None
    words = [word for since, names in history if since <= version for word in names.split()]
    gone = {word[1:] for word in words if word.startswith("-")}
    return frozenset(words) - gone - {f"-{name}" for name in gone}
