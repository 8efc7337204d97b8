"""Which modules of cloud-init run at a first boot: what each of them waits for, and how often it runs.

Facts from the modules' own `meta` in 22.4.2, 25.1.4 and 26.2; a module skips itself where none of its keys is in the
configuration or the distribution is not one of its own. Source: cloudinit/config/modules.py, Modules.run_section.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from goldsmith.cloudinit.modules import Module, Stage
from goldsmith.cloudinit.version import Version


class Frequency(StrEnum):
    """How often a module runs, by cloud-init's own words for it."""

    INSTANCE = "once-per-instance"
    ALWAYS = "always"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class ModuleRun:
    """One entry of a list of modules: `why` says why it does not run, `unknown` that this version has no such one."""

    stage: Stage
    name: str
    runs: bool
    frequency: Frequency
    why: str | None = None
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a module; without `distros` it runs on all, without `keys` it needs none."""

    frequency: Frequency = Frequency.INSTANCE
    distros: frozenset[str] | None = None
    keys: frozenset[str] = frozenset()
    keys_since: Version = (0, 0)
    since: Version = (0, 0)
    until: Version = (99, 0)


def _known(
    *keys: str,
    frequency: Frequency = Frequency.INSTANCE,
    distros: frozenset[str] | None = None,
    keys_since: Version = (0, 0),
    since: Version = (0, 0),
    until: Version = (99, 0),
) -> Known:
    return Known(frequency, distros, frozenset(keys), keys_since, since, until)


_UBUNTU = frozenset({"ubuntu"})
_DEBIANS = frozenset({"debian", "ubuntu", "raspberry-pi-os"})
_SUSES = frozenset(
    {
        "opensuse", "opensuse-leap", "opensuse-microos", "opensuse-tumbleweed", "sle_hpc", "sle-micro", "sles", "suse",
    }
)  # fmt: skip
# Distributions whose repositories yum_add_repo knows. AlmaLinux and Rocky are not among those of rh_subscription.
_YUM = frozenset(
    {
        "almalinux", "amazon", "azurelinux", "centos", "cloudlinux", "eurolinux", "fedora", "mariner", "openeuler",
        "openEuler", "OpenCloudOS", "openmandriva", "photon", "rhel", "rocky", "TencentOS", "virtuozzo",
    }
)  # fmt: skip
_REDHATS = _YUM | {"miraclelinux"}
_ALWAYS, _ONCE = Frequency.ALWAYS, Frequency.ONCE
MODULES: Mapping[str, Known] = {
    "ansible": _known("ansible"),
    "apk_configure": _known("apk_repos", distros=frozenset({"alpine"})),
    "apt_configure": _known(distros=_DEBIANS),
    "apt_pipelining": _known("apt_pipelining", distros=_DEBIANS),
    "bootcmd": _known("bootcmd", frequency=_ALWAYS),
    "byobu": _known(distros=_DEBIANS),
    "ca_certs": _known("ca_certs", "ca-certs", distros=_DEBIANS | _SUSES | _REDHATS | {"alpine", "aosc"}),
    "chef": _known("chef", frequency=_ALWAYS),
    "disable_ec2_metadata": _known("disable_ec2_metadata", frequency=_ALWAYS),
    "disk_setup": _known("disk_setup", "fs_setup"),
    "fan": _known("fan", distros=_UBUNTU),
    "final_message": _known(frequency=_ALWAYS),
    "growpart": _known(frequency=_ALWAYS),
    "grub_dpkg": _known("grub_dpkg", "grub-dpkg", distros=_DEBIANS, keys_since=(24, 4)),
    "install_hotplug": _known(),
    "keyboard": _known("keyboard", distros=_DEBIANS | _SUSES | _REDHATS | {"arch", "alpine"}),
    "keys_to_console": _known(),
    "landscape": _known("landscape", distros=_UBUNTU),
    "locale": _known(),
    "lxd": _known("lxd", distros=_UBUNTU),
    "mcollective": _known("mcollective"),
    "migrator": _known(frequency=_ALWAYS, until=(24, 1)),
    "mounts": _known(),
    "ntp": _known("ntp"),
    "package_update_upgrade_install": _known(
        "apt_update", "package_update", "apt_upgrade", "package_upgrade", "packages"
    ),
    "phone_home": _known("phone_home"),
    "power_state_change": _known("power_state"),
    "puppet": _known("puppet"),
    "raspberry_pi": _known("rpi", distros=frozenset({"raspberry-pi-os"}), since=(25, 2)),
    "refresh_rmc_and_interface": _known(frequency=_ALWAYS, until=(23, 2)),
    "reset_rmc": _known(),
    "resizefs": _known(frequency=_ALWAYS),
    "resolv_conf": _known("manage_resolv_conf", distros=(_REDHATS - {"almalinux", "rocky", "centos"}) | _SUSES),
    "rh_subscription": _known("rh_subscription", distros=frozenset({"fedora", "rhel", "openeuler"})),
    "rightscale_userdata": _known(until=(24, 1)),
    "rsyslog": _known("rsyslog"),
    "runcmd": _known("runcmd"),
    "salt_minion": _known("salt_minion"),
    "scripts_per_boot": _known(frequency=_ALWAYS),
    "scripts_per_instance": _known(),
    "scripts_per_once": _known(frequency=_ONCE),
    "scripts_user": _known(),
    "scripts_vendor": _known(),
    "seed_random": _known(),
    "set_hostname": _known(),
    "set_passwords": _known(),
    "snap": _known("snap", distros=_UBUNTU),
    "spacewalk": _known("spacewalk", distros=frozenset({"rhel", "fedora", "openeuler"})),
    "ssh": _known(),
    "ssh_authkey_fingerprints": _known(),
    "ssh_import_id": _known(distros=_DEBIANS | {"alpine", "cos"}),
    "timezone": _known("timezone"),
    "ubuntu_advantage": _known("ubuntu_advantage", "ubuntu-advantage", distros=_UBUNTU),
    "ubuntu_autoinstall": _known("autoinstall", frequency=_ONCE, distros=_UBUNTU),
    "ubuntu_drivers": _known("drivers", distros=_UBUNTU),
    "ubuntu_pro": _known("ubuntu_pro", "ubuntu_advantage", "ubuntu-advantage", distros=_UBUNTU, since=(24, 1)),
    "update_etc_hosts": _known("manage_etc_hosts", frequency=_ALWAYS),
    "update_hostname": _known(frequency=_ALWAYS),
    "users_groups": _known(),
    "wireguard": _known("wireguard", distros=_UBUNTU),
    "write_files": _known("write_files"),
    "write_files_deferred": _known("write_files"),
    "yum_add_repo": _known("yum_repos", distros=_YUM),
    "zypper_add_repo": _known("zypper", frequency=_ALWAYS, distros=_SUSES),
}


def module_runs(
    stages: Mapping[Stage, tuple[Module, ...]], config: Mapping[Any, Any], version: Version
) -> Iterator[ModuleRun]:
    """What becomes of each entry of the three lists, in their order, in a new instance that has a datasource."""
    system_info = config.get("system_info")
    named = system_info.get("distro") if isinstance(system_info, Mapping) else None
    distro = named if isinstance(named, str) else "ubuntu"
    unverified = config.get("unverified_modules")
    forced = {str(name) for name in unverified} if isinstance(unverified, list) else set()
    for stage, modules in stages.items():
        for module in modules:
            known = MODULES.get(module.name)
            if known is None or not known.since <= version < known.until:
                # What a version dropped it passes over in silence.
                dropped = known is not None and version >= known.until
                why = f"cloud-init {version[0]}.{version[1]} {'dropped it' if dropped else 'has no such module'}"
                yield ModuleRun(
                    stage, module.name, runs=False, frequency=Frequency.INSTANCE, why=why, unknown=not dropped
                )
                continue
            stated = module.frequency in set(Frequency)
            frequency = Frequency(str(module.frequency)) if stated else known.frequency
            why_not = None
            if known.keys and version >= known.keys_since and not known.keys & config.keys():
                why_not = f"none of its keys is set: {', '.join(sorted(known.keys))}"
            elif known.distros is not None and distro not in known.distros and module.name not in forced:
                why_not = f"it does not know {distro}"
            yield ModuleRun(stage, module.name, runs=why_not is None, frequency=frequency, why=why_not)
