"""Which modules of cloud-init run at a first boot: what each of them waits for, and how often it runs.

Facts from the modules' own `meta` in 22.4.2, 25.1.4 and 26.2; a module skips itself where none of its keys is in the
configuration or the distribution is not one of its own. Source: cloudinit/config/modules.py, Modules.run_section.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from goldsmith.cloudinit.module_distros import distros_of
from goldsmith.cloudinit.modules import Module, Stage
from goldsmith.cloudinit.version import Version


class Frequency(StrEnum):
    """How often a module runs, by cloud-init's own words for it."""

    INSTANCE = "once-per-instance"
    ALWAYS = "always"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class ModuleRun:
    """One entry of a list of modules: `stage` is the list's key, `name` the module's; `runs` says whether it runs, and
    `why` says why it does not, None where it does; `frequency` is how often it would; `unknown` that this version has
    no such one.
    """

    stage: Stage
    name: str
    runs: bool
    frequency: Frequency
    why: str | None = None
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a module. It waits for one of `keys`, or where there are none runs in any case; `also` are keys
    that it reads and does not wait for. Its distributions stand in `module_distros`.
    """

    frequency: Frequency = Frequency.INSTANCE
    keys: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    keys_since: Version = (0, 0)
    since: Version = (0, 0)
    until: Version = (99, 0)


def _known(
    *keys: str,
    also: tuple[str, ...] = (),
    frequency: Frequency = Frequency.INSTANCE,
    keys_since: Version = (0, 0),
    since: Version = (0, 0),
    until: Version = (99, 0),
) -> Known:
    return Known(frequency, frozenset(keys), frozenset(also), keys_since, since, until)


_ALWAYS, _ONCE = Frequency.ALWAYS, Frequency.ONCE
MODULES: Mapping[str, Known] = {
    "ansible": _known("ansible"),
    "apk_configure": _known("apk_repos"),
    "apt_configure": _known(also=("apt",)),
    "apt_pipelining": _known("apt_pipelining"),
    "bootcmd": _known("bootcmd", frequency=_ALWAYS),
    "byobu": _known(also=("byobu_by_default",)),
    "ca_certs": _known("ca_certs", "ca-certs"),
    "chef": _known("chef", frequency=_ALWAYS),
    "disable_ec2_metadata": _known("disable_ec2_metadata", frequency=_ALWAYS),
    "disk_setup": _known("disk_setup", "fs_setup"),
    "fan": _known("fan"),
    "final_message": _known(also=("final_message",), frequency=_ALWAYS),
    "growpart": _known(also=("growpart",), frequency=_ALWAYS),
    "grub_dpkg": _known("grub_dpkg", "grub-dpkg", keys_since=(24, 4)),
    "install_hotplug": _known(also=("updates",)),
    "keyboard": _known("keyboard"),
    "keys_to_console": _known(also=("ssh", "ssh_fp_console_blacklist", "ssh_key_console_blacklist")),
    "landscape": _known("landscape"),
    "locale": _known(also=("locale", "locale_configfile")),
    "lxd": _known("lxd"),
    "mcollective": _known("mcollective"),
    "migrator": _known(frequency=_ALWAYS, until=(24, 1)),
    "mounts": _known(also=("mount_default_fields", "mounts", "swap")),
    "ntp": _known("ntp"),
    "package_update_upgrade_install": _known(
        "apt_update",
        "package_update",
        "apt_upgrade",
        "package_upgrade",
        "packages",
        also=("apt_reboot_if_required", "package_reboot_if_required"),
    ),
    "phone_home": _known("phone_home"),
    "power_state_change": _known("power_state"),
    "puppet": _known("puppet"),
    "raspberry_pi": _known("rpi", since=(25, 2)),
    "refresh_rmc_and_interface": _known(frequency=_ALWAYS, until=(23, 2)),
    "reset_rmc": _known(),
    "resizefs": _known(also=("resize_rootfs",), frequency=_ALWAYS),
    "resolv_conf": _known("manage_resolv_conf", also=("resolv_conf",)),
    "rh_subscription": _known("rh_subscription"),
    "rightscale_userdata": _known(until=(24, 1)),
    "rsyslog": _known("rsyslog"),
    "runcmd": _known("runcmd"),
    "salt_minion": _known("salt_minion"),
    "scripts_per_boot": _known(frequency=_ALWAYS),
    "scripts_per_instance": _known(),
    "scripts_per_once": _known(frequency=_ONCE),
    "scripts_user": _known(),
    "scripts_vendor": _known(also=("vendor_data",)),
    "seed_random": _known(also=("random_seed",)),
    "set_hostname": _known(
        also=("create_hostname_file", "fqdn", "hostname", "prefer_fqdn_over_hostname", "preserve_hostname")
    ),
    "set_passwords": _known(also=("chpasswd", "password", "ssh_pwauth")),
    "snap": _known("snap"),
    "spacewalk": _known("spacewalk"),
    "ssh": _known(
        also=(
            "allow_public_ssh_keys",
            "disable_root",
            "disable_root_opts",
            "ssh_authorized_keys",
            "ssh_deletekeys",
            "ssh_genkeytypes",
            "ssh_keys",
            "ssh_publish_hostkeys",
            "ssh_quiet_keygen",
        )
    ),
    "ssh_authkey_fingerprints": _known(also=("authkey_hash", "no_ssh_fingerprints")),
    "ssh_import_id": _known(also=("ssh_import_id",)),
    "timezone": _known("timezone"),
    "ubuntu_advantage": _known("ubuntu_advantage", "ubuntu-advantage"),
    "ubuntu_autoinstall": _known("autoinstall", frequency=_ONCE),
    "ubuntu_drivers": _known("drivers"),
    "ubuntu_pro": _known("ubuntu_pro", "ubuntu_advantage", "ubuntu-advantage", since=(24, 1)),
    "update_etc_hosts": _known("manage_etc_hosts", frequency=_ALWAYS),
    "update_hostname": _known(
        also=("fqdn", "hostname", "prefer_fqdn_over_hostname", "preserve_hostname"), frequency=_ALWAYS
    ),
    "users_groups": _known(also=("groups", "user", "users")),
    "wireguard": _known("wireguard"),
    "write_files": _known("write_files"),
    "write_files_deferred": _known("write_files"),
    "yum_add_repo": _known("yum_repos", also=("yum_repo_dir",)),
    "zypper_add_repo": _known("zypper", frequency=_ALWAYS),
}


def readers_of(key: str) -> tuple[str, ...]:
    """The modules that read a top-level key, of any version."""
    return tuple(name for name, known in MODULES.items() if key in known.keys | known.also)


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
            elif (
                (distros := distros_of(module.name, version)) is not None
                and distro not in distros
                and _as_written(module) not in forced
            ):
                why_not = f"it does not know {distro}"
            yield ModuleRun(stage, module.name, runs=why_not is None, frequency=frequency, why=why_not)


def _as_written(module: Module) -> str:
    """The name as `unverified_modules` has to spell it: as in the list of modules."""
    match module.entry:
        case str(name) | [str(name), *_] | {"name": str(name)}:
            return name.strip()
        case _:
            return module.name
