"""What distributions ship as cloud-init's configuration, for a recipe whose base is not at hand.

Facts of Debian's packages 22.4.2 and 25.1.4 (compared in the tests), and of cloud-init 24.4 as it is configured for the
Enterprise Linux family. An image may differ: whoever uses this says so. The
package mirrors, which are an image's own, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from goldsmith.cloudinit.effective import CLOUD_CFG, CLOUD_CFG_D
from goldsmith.cloudinit.modules import Stage, read_stages

LOGGING = f"{CLOUD_CFG_D}/05_logging.cfg"


@dataclass(frozen=True, slots=True)
class Shipped:
    """`version` is cloud-init's; `files` are made of the facts, so their lines mean nothing."""

    name: str
    version: str
    files: Mapping[str, bytes]


_INIT = (
    "seed_random", "bootcmd", "write_files", "growpart", "resizefs", "disk_setup", "mounts", "set_hostname",
    "update_hostname", "update_etc_hosts", "ca_certs", "rsyslog", "users_groups", "ssh",
)  # fmt: skip
_DEBIAN_CONFIG = (
    "snap", "ssh_import_id", "keyboard", "locale", "set_passwords", "grub_dpkg", "apt_pipelining", "apt_configure",
    "ntp", "timezone", "disable_ec2_metadata", "runcmd", "byobu",
)  # fmt: skip
_EL_CONFIG = (
    "ssh_import_id", "locale", "rh_subscription", "spacewalk", "yum_add_repo", "ntp", "timezone",
    "disable_ec2_metadata", "runcmd",
)  # fmt: skip
_SCRIPTS = (
    "scripts_vendor", "scripts_per_once", "scripts_per_boot", "scripts_per_instance", "scripts_user",
    "ssh_authkey_fingerprints", "keys_to_console", "install_hotplug", "phone_home", "final_message",
    "power_state_change",
)  # fmt: skip
_DEBIAN_GROUPS = ("adm", "audio", "cdrom", "dialout", "dip", "floppy", "plugdev", "sudo", "video")
_NO_PASSWORD = ["ALL=(ALL) NOPASSWD:ALL"]
_PATHS = {"cloud_dir": "/var/lib/cloud/", "templates_dir": "/etc/cloud/templates/"}
# The names of the default users; each distribution's own name but for these.
_EL_USERS = {"rhel": "cloud-user", "centos": "cloud-user"}
_KNOWN = {"debian": ("debian/12", "debian/13"), "rhel": ("rocky/9",)}
_EL_NAMES = re.compile(r"(rocky|almalinux|centos|rhel)", re.IGNORECASE)


def shipped_by(name: str) -> Shipped | None:
    """What is known of a distribution by its name, such as debian/12 or rocky/9; None where nothing is."""
    distro, _, release = name.partition("/")
    if name == "debian/12":
        return _shipped(name, "22.4.2", _debian(old=True))
    if name == "debian/13":
        return _shipped(name, "25.1.4", _debian(old=False))
    if distro in {"rocky", "almalinux", "centos", "rhel"} and release in {"8", "9", "10"}:
        return _shipped(name, "23.4" if release == "8" else "24.4", _enterprise_linux(distro))
    return None


@cache
def usual_stages(module: str, family: str | None = None) -> frozenset[Stage]:
    """The stages that distributions (of a family: debian, rhel) run a module in; all three where none is known to."""
    known = _KNOWN.get(family or "", tuple(name for names in _KNOWN.values() for name in names))
    found = {
        stage
        for shipped in map(shipped_by, known)
        if shipped is not None
        for stage, modules in read_stages(yaml.safe_load(shipped.files[CLOUD_CFG])).items()
        if any(each.name == module for each in modules)
    }
    return frozenset(found or Stage)


def guessed_name(text: str) -> str | None:
    """The distribution that a file's name or an address speaks of: debian-12-genericcloud or Rocky-9-GenericCloud."""
    if re.search(r"debian-?12|bookworm", text, re.IGNORECASE):
        return "debian/12"
    if re.search(r"debian-?13|trixie", text, re.IGNORECASE):
        return "debian/13"
    found = _EL_NAMES.search(text)
    release = re.search(r"(?<![0-9.])(8|9|10)(?![0-9])", text[found.end() :]) if found else None
    return f"{found[1].lower()}/{release[1]}" if found and release else None


def _shipped(name: str, version: str, config: Mapping[str, Any]) -> Shipped:
    output = {"output": {"all": "| tee -a /var/log/cloud-init-output.log"}}
    files = {CLOUD_CFG: config, LOGGING: output}
    return Shipped(
        name, version, {path: yaml.safe_dump(each, sort_keys=False).encode() for path, each in files.items()}
    )


def _debian(*, old: bool) -> dict[str, Any]:
    groups = sorted((*_DEBIAN_GROUPS, "netdev")) if old else list(_DEBIAN_GROUPS)
    gone = ("refresh_rmc_and_interface", "rightscale_userdata") if old else ()
    final = (
        "package_update_upgrade_install", "fan", "landscape", "lxd", "write_files_deferred", "puppet", "chef",
        "mcollective", "salt_minion", "reset_rmc", *gone, *_SCRIPTS,
    )  # fmt: skip
    return {
        "users": ["default"],
        "disable_root": True,
        "preserve_hostname": False,
        "apt": {"preserve_sources_list": True},
        "cloud_init_modules": [*(("migrator",) if old else ()), *_INIT],
        "cloud_config_modules": list(_DEBIAN_CONFIG),
        "cloud_final_modules": list(final),
        "system_info": {
            "distro": "debian",
            "default_user": {
                "name": "debian",
                "lock_passwd": True,
                "gecos": "Debian",
                "groups": groups,
                "sudo": list(_NO_PASSWORD),
                "shell": "/bin/bash",
            },
            "paths": dict(_PATHS),
            "ssh_svcname": "ssh",
        },
    }


def _enterprise_linux(distro: str) -> dict[str, Any]:
    return {
        "users": ["default"],
        "disable_root": True,
        "mount_default_fields": [
            None, None, "auto", "defaults,nofail,x-systemd.after=cloud-init-network.service,_netdev", "0", "2",
        ],
        "ssh_pwauth": False,
        "preserve_hostname": False,
        "ssh_deletekeys": True,
        "ssh_genkeytypes": ["rsa", "ecdsa", "ed25519"],
        "syslog_fix_perms": None,
        "disable_vmware_customization": False,
        "cloud_init_modules": [*_INIT, "set_passwords"],
        "cloud_config_modules": list(_EL_CONFIG),
        "cloud_final_modules": [
            "package_update_upgrade_install", "write_files_deferred", "puppet", "chef", "ansible", "mcollective",
            "salt_minion", "reset_rmc", *_SCRIPTS,
        ],
        "system_info": {
            "distro": distro,
            "default_user": {
                "name": _EL_USERS.get(distro, distro),
                "lock_passwd": True,
                "gecos": "Cloud User",
                "groups": ["adm", "systemd-journal"],
                "sudo": list(_NO_PASSWORD),
                "shell": "/bin/bash",
            },
            "network": {"renderers": ["eni", "netplan", "network-manager", "sysconfig", "networkd"]},
            "paths": dict(_PATHS),
            "ssh_svcname": "sshd",
        },
    }  # fmt: skip
