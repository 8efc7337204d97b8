"""What cloud-init's modules need of each other: what is silently missing where one of them does not run.

Source: the modules themselves (cloudinit/config/cc_*.py), 22.4 to 26.2.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Relation:
    """`module` needs `needs`: without it, `without` happens. `key` names the setting that it is about, if any."""

    module: str
    needs: str
    without: str
    key: str | None = None


_PACKAGES = "package_update_upgrade_install"
RELATIONS = (
    Relation("runcmd", "scripts_user", "the commands are written to a script, and nothing runs it", "runcmd"),
    Relation("write_files", "write_files_deferred", "files with `defer: true` are never written", "write_files"),
    Relation("write_files_deferred", "users_groups", "owners that users_groups would make do not exist", "write_files"),
    Relation("set_passwords", "users_groups", "the accounts whose passwords it sets do not exist", "chpasswd"),
    Relation("ssh", "users_groups", "the account that the datasource's keys are for does not exist"),
    Relation("users_groups", "ssh", "the default user gets none of the datasource's SSH keys"),
    Relation("ssh", "seed_random", "host keys are made without the hypervisor's randomness"),
    Relation("ssh_import_id", "users_groups", "the accounts that keys are imported for do not exist", "ssh_import_id"),
    Relation("ssh_authkey_fingerprints", "users_groups", "there are no new accounts whose keys it could show"),
    Relation("keys_to_console", "ssh", "there are no new host keys to show"),
    Relation("resizefs", "growpart", "the partition keeps its size, so the file system has no room to grow into"),
    Relation("growpart", "resizefs", "the partition grows, its file system does not"),
    Relation("mounts", "disk_setup", "the file systems of fs_setup are not made", "fs_setup"),
    Relation("update_hostname", "set_hostname", "the first boot keeps the image's host name"),
    Relation("update_etc_hosts", "set_hostname", "/etc/hosts gets the image's host name", "manage_etc_hosts"),
    Relation(_PACKAGES, "apt_configure", "packages come from the image's own sources alone", "apt"),
    Relation(_PACKAGES, "yum_add_repo", "packages come from the image's own repositories alone", "yum_repos"),
    Relation(_PACKAGES, "ca_certs", "mirrors with certificates of an own authority are not trusted", "ca_certs"),
    Relation("scripts_user", _PACKAGES, "scripts that call programs of `packages` do not find them", "packages"),
    Relation("phone_home", "ssh", "the host keys that it reports are not this clone's", "phone_home"),
    Relation("power_state_change", "final_message", "the machine stops without a line that it is done", "power_state"),
)
# What disappears with a module itself, beside its own keys.
ALONE = {
    "final_message": "boot-finished is not written, and nothing says on the console that cloud-init is done",
    "ssh": "no host keys are made: a clone has those of the image, or none",
    "users_groups": "no account is made",
    "scripts_user": "runcmd and scripts in user-data do not run",
    "growpart": "the root partition keeps the image's size",
    "set_hostname": "every clone keeps the image's host name",
}


def needed_by(module: str) -> tuple[Relation, ...]:
    """What others lose without a module."""
    return tuple(each for each in RELATIONS if each.needs == module)


def needs_of(module: str) -> tuple[Relation, ...]:
    """What a module loses without others."""
    return tuple(each for each in RELATIONS if each.module == module)


def broken(running: Collection[str], keys: Collection[str]) -> tuple[Relation, ...]:
    """The relations that do not hold: the module runs, what it needs does not, and the setting that it is about is
    there.
    """
    return tuple(
        each
        for each in RELATIONS
        if each.module in running and each.needs not in running and (each.key is None or each.key in keys)
    )
