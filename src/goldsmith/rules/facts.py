"""What the tree of a disk says that a proof needs: of the sealed image, and of each clone after its boot.

Plain data that goes into JSON and back: rules are pure over it, and tests sabotage a copy. No secret is in it: of a
password only whether it opens the account, of a host key only its fingerprint.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from goldsmith.cloudinit.analyze import Span
from goldsmith.cloudinit.result import Result, Status
from goldsmith.rules.system import System


class Password(StrEnum):
    """What /etc/shadow says about an account's password."""

    LOCKED = "locked"  # no text hashes to it: it begins with ! or *
    EMPTY = "empty"  # anybody gets in
    SET = "set"
    NONE = "none"  # no line in shadow


@dataclass(frozen=True, slots=True)
class Account:
    """One line of /etc/passwd and what belongs to it: `name`, `uid`, -1 where it is no number, and `shell` as they
    stand there; `password` is what /etc/shadow says, never the hash; `groups` are the supplementary ones, sorted. All
    are safe to print.
    """

    name: str
    uid: int
    shell: str
    password: Password
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostKey:
    """One of sshd's host keys: `name` is its file's, `fingerprint` that of its public half as ssh-keygen prints it,
    None where that is missing or no key; `private` says whether the private half is there and nobody else may read it.
    """

    name: str
    fingerprint: str | None
    private: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder: its `path`, safe to print, the `uid` that owns it, and its `mode`: twelve permission bits, as a
    number.
    """

    path: str
    uid: int
    mode: int


@dataclass(frozen=True, slots=True)
class AuthorizedKeys:
    """The keys that open an account, by its `name`: `fingerprints` holds that of each line of its authorized_keys ("no
    key" where it is none), `places` are home, .ssh and the file itself. All are safe to print.
    """

    name: str
    places: tuple[Place, ...]
    fingerprints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """What cloud-init has done once: `name` is the mark's, such as config_ssh, and `text` what is in it, process and
    time. Both are safe to print.
    """

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What one tree says: that of the sealed image, or of a clone after its boot. Its own texts are safe to print, but
    for those of `packages`.

    `accounts` are the lines of /etc/passwd. `machine_id` and `dbus_machine_id` are the files' text without blanks, None
    where there is no file. `host_keys` are sshd's; `random_seed` is a digest, None without a seed; `sudoers` are the
    names of the files in /etc/sudoers.d, `packages` those of all that is installed. `authorized` are the keys that open
    accounts of people and of root.

    Of cloud-init: `cloud_init_version` is the upstream version, None where it is not installed; `instance_id` and
    `previous_instance_id` are what it keeps in its data folder, None where it keeps nothing. `status` and `result` are
    status.json and result.json, None where the file is not there or `status_error` says why one of them could not be
    read. `cloud_log` are the lines of cloud-init.log at WARNING or above, without their time. `semaphores` name the
    modules that ran once for this instance, and `marks` are these and those for ever, with their text; `done_once` is
    what the log says was done under a mark in the last run of cloud-init; `sudo_rules` are the lines of the file that
    cloud-init writes; `analyzed` is how long stages and modules took, as `cloud-init analyze` has it.

    `system` is the rest of the running system. Older evidence has None for it, and none of `authorized`, `sudo_rules`,
    `marks`, `done_once` and `analyzed`.
    """

    accounts: tuple[Account, ...]
    machine_id: str | None
    dbus_machine_id: str | None
    host_keys: tuple[HostKey, ...]
    random_seed: str | None
    sudoers: tuple[str, ...]
    packages: tuple[str, ...]
    cloud_init_version: str | None
    instance_id: str | None
    previous_instance_id: str | None
    semaphores: tuple[str, ...]
    status: Status | None
    result: Result | None
    status_error: str | None
    cloud_log: tuple[str, ...]
    system: System | None = None
    authorized: tuple[AuthorizedKeys, ...] = ()
    sudo_rules: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    done_once: tuple[str, ...] = ()
    analyzed: tuple[Span, ...] = ()

    def account(self, name: str) -> Account | None:
        return next((account for account in self.accounts if account.name == name), None)
