"""What the modules of cloud-init that run at a first boot leave in an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from goldsmith.cloudinit.first_boot_accounts import (
    PASSWD,
    USERADD,
    Account,
    Login,
    existing_accounts,
    logins,
    with_keys,
    with_passwords,
    with_users,
)
from goldsmith.cloudinit.first_boot_sshd import SSHD_CONFIG, Sshd, sshd_settings, with_password_authentication
from goldsmith.cloudinit.users import settings_of, users_of
from goldsmith.cloudinit.version import Version

# Units that make host keys where cloud-init does not run: Fedora's and EL's.
SSHD_KEYGEN = ("/usr/lib/systemd/system/sshd-keygen@.service", "/lib/systemd/system/sshd-keygen@.service")
# The distributions that have them, by cloud-init's names.
WITH_KEYGEN = frozenset({"almalinux", "centos", "fedora", "rhel", "rocky"})
# Debian's since 13, where it is enabled: whether cloud-init runs or not, but with ConditionFirstBoot.
FIRST_BOOT_KEYGEN = (
    "/etc/systemd/system/ssh.service.wants/sshd-keygen.service",
    "/etc/systemd/system/sshd.service.wants/sshd-keygen.service",
)
MACHINE_ID = "/etc/machine-id"
DSA_UNTIL: Version = (24, 1)
_FALSE = frozenset({"false", "0", "off", "no"})
_TRUE = frozenset({"true", "1", "on", "yes"})


@dataclass(frozen=True, slots=True)
class Applied:
    """What the modules that run leave behind."""

    files: Mapping[str, bytes]
    config: Mapping[Any, Any]
    version: Version
    modules: frozenset[str]
    metadata_keys: int

    def ran(self, module: str) -> bool:
        return module in self.modules

    @property
    def default_user(self) -> str | None:
        return settings_of(self.config, self.version)[1]

    def accounts(self) -> tuple[Account, ...]:
        accounts = existing_accounts(self.files)
        if self.ran("users_groups"):
            settings, _ = settings_of(self.config, self.version)
            users = users_of(self.config, self.version)
            accounts = with_users(accounts, users, settings, self.version, _useradd_shell(self.files))
        if self.ran("ssh"):
            listed = self.config.get("ssh_authorized_keys")
            count = len(listed) if isinstance(listed, list) else 0
            if _flag(self.config.get("allow_public_ssh_keys"), default=True):
                count += self.metadata_keys
            refused = _flag(self.config.get("disable_root"), default=True)
            accounts = with_keys(accounts, count, self.default_user, disable_root=refused)
        if self.ran("set_passwords"):
            accounts = with_passwords(accounts, self.config, self.default_user)
        return accounts

    def sshd(self) -> Sshd | None:
        files = self.files
        allowed = read_flag(self.config.get("ssh_pwauth"))
        if self.ran("set_passwords") and allowed is not None:
            files = with_password_authentication(files, allowed=allowed)
        if PASSWD not in self.files and SSHD_CONFIG not in self.files:
            # Only the configuration is known: an sshd as OpenSSH ships it is assumed.
            return Sshd()
        return sshd_settings(files)

    def host_keys(self, *, runs: bool) -> tuple[str, ...]:
        """The types, sorted."""
        there = {
            path.removeprefix("/etc/ssh/ssh_host_").removesuffix("_key")
            for path in self.files
            if path.startswith("/etc/ssh/ssh_host_") and path.endswith("_key")
        }
        if self.ran("ssh"):
            if _flag(self.config.get("ssh_deletekeys"), default=True):
                there = set()
            given = self.config.get("ssh_keys")
            if isinstance(given, Mapping):
                there |= {str(key).removesuffix("_private") for key in given if str(key).endswith("_private")}
            else:
                default = (
                    ("rsa", "dsa", "ecdsa", "ed25519") if self.version < DSA_UNTIL else ("rsa", "ecdsa", "ed25519")
                )
                wanted = self.config.get("ssh_genkeytypes", default)
                there |= {
                    str(each) for each in (wanted if isinstance(wanted, list | tuple) else str(wanted).split(","))
                }
        if (not runs and self._has_keygen) or (
            any(path in self.files for path in FIRST_BOOT_KEYGEN) and _is_first_boot(self.files)
        ):
            there |= {"rsa", "ecdsa", "ed25519"}
        return tuple(sorted(there))

    @property
    def _has_keygen(self) -> bool:
        """Whether a unit makes host keys without cloud-init; of a configuration alone by the distribution it names."""
        if any(path in self.files for path in SSHD_KEYGEN):
            return True
        info = self.config.get("system_info")
        alone = PASSWD not in self.files and SSHD_CONFIG not in self.files
        return alone and isinstance(info, Mapping) and str(info.get("distro")) in WITH_KEYGEN

    def logins(self) -> tuple[Login, ...]:
        return tuple(logins(self.accounts(), self.sshd(), host_keys=bool(self.host_keys(runs=bool(self.modules)))))


def _is_first_boot(files: Mapping[str, bytes]) -> bool:
    """What systemd means by ConditionFirstBoot: an empty machine-id does not count as one (machine-id(5))."""
    return files.get(MACHINE_ID, b"uninitialized").strip() == b"uninitialized"


def _useradd_shell(files: Mapping[str, bytes]) -> str | None:
    for line in files.get(USERADD, b"").decode("utf-8", "replace").splitlines():
        if line.startswith("SHELL="):
            return line.removeprefix("SHELL=").strip()
    return None


def read_flag(value: Any) -> bool | None:
    """A setting that is a word for true or for false, or None: of another word nothing is done."""
    word = str(value).strip().lower()
    return word in _TRUE if word in _TRUE | _FALSE else None


def _flag(value: Any, *, default: bool) -> bool:
    """A setting as util.get_cfg_option_bool has it: what is no word for true is false."""
    return default if value is None else value is True or str(value).strip().lower() in _TRUE
