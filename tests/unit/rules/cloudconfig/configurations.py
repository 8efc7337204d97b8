"""Cloud configurations for tests of the rules over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goldsmith.cloudinit.version import parse_version
from goldsmith.findings import Finding, GuestPlace, HostPlace
from goldsmith.rules.cloudconfig.configfile import ConfigFile
from goldsmith.rules.cloudconfig.lint import lint
from goldsmith.rules.cloudconfig.subject import CloudConfig, Surroundings

FOLDER = "/etc/cloud/cloud.cfg.d"
VENDOR = b"""\
users: [default]
disable_root: true
cloud_init_modules: [seed_random, bootcmd, write_files, users_groups, ssh]
cloud_config_modules: [locale, set_passwords, timezone, ntp, runcmd]
cloud_final_modules: [package_update_upgrade_install, scripts_user, final_message]
system_info:
  distro: debian
  default_user: {name: debian, lock_passwd: true, groups: [adm, sudo], shell: /bin/bash}
"""


def host_file(text: str | bytes, name: str = "99-custom-defaults.cfg") -> ConfigFile:
    """A file on the host, as `goldsmith lint FILE` sees it."""
    content = text.encode() if isinstance(text, str) else text
    return ConfigFile(f"{FOLDER}/{name}", content, lambda line, column: HostPlace(name, line, column))


def guest_file(path: str, text: str | bytes, *, vendor: bool = False) -> ConfigFile:
    content = text.encode() if isinstance(text, str) else text
    return ConfigFile(path, content, lambda line, column: GuestPlace(path, line, column), vendor)


def configuration(text: str | bytes, **more: Any) -> CloudConfig:
    """One file, and nothing known of an image."""
    return CloudConfig((host_file(text),), whole=False, **more)


def image(
    drop_ins: Mapping[str, str | bytes],
    *,
    around: Mapping[str, str | bytes] | None = None,
    changed: frozenset[str] = frozenset(),
    other: Mapping[str, str] | None = None,
    family: str = "debian",
    version: str = "22.4.2",
) -> CloudConfig:
    """A whole image: the distribution's cloud.cfg, and what somebody put beside it."""
    names = sorted(drop_ins)
    files = {path: text.encode() if isinstance(text, str) else text for path, text in (around or {}).items()}
    vendor = guest_file("/etc/cloud/cloud.cfg", VENDOR, vendor=True)
    return CloudConfig(
        (vendor, *(guest_file(f"{FOLDER}/{name}", drop_ins[name]) for name in names)),
        whole=True,
        version=parse_version(version),
        family=family,
        image=Surroundings(files, changed),
        other=tuple(guest_file(f"{FOLDER}/{name}", text) for name, text in (other or {}).items()),
    )


def codes(subject: CloudConfig) -> set[str]:
    return {finding.code for finding in lint(subject)}


def only(subject: CloudConfig, code: str) -> Finding:
    """The one finding of a rule."""
    (found,) = [finding for finding in lint(subject) if finding.code == code]
    return found
