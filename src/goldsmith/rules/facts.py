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
    """One line of /etc/passwd and what belongs to it; `groups` are the supplementary ones, sorted."""

    name: str
    uid: int
    shell: str
    password: Password
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostKey:
    """One of sshd's host keys: its file's name, the fingerprint of its public half as ssh-keygen prints it (or None),
    and whether the private half is there and nobody else may read it.
    """

    name: str
    fingerprint: str | None
    private: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder: who owns it, and its twelve permission bits."""

    path: str
    uid: int
    mode: int


@dataclass(frozen=True, slots=True)
class AuthorizedKeys:
    """The keys that open an account, by its name: the fingerprint of each line of its authorized_keys ("no key" where
    it is none), and the `places` home, .ssh and the file itself.
    """

    name: str
    places: tuple[Place, ...]
    fingerprints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """What cloud-init has done once: the mark's name, such as config_ssh, and its text, process and time."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """`machine_id` and `dbus_machine_id` are the files' text without blanks, None where there is no file;
    `random_seed` is a digest; `cloud_log` are the lines of cloud-init.log at WARNING or above; `status_error` says why
    status.json or result.json could not be read; `semaphores` name the modules that ran once for this instance, and
    `marks` are these and those for ever, with their text; `done_once` is what the log says was done under a mark in
    the last run of cloud-init; `sudo_rules` are the lines of the file that cloud-init writes. Evidence that is older
    has none of these four, and no `system`. `analyzed` is how long stages and modules took, as `cloud-init analyze` has
    it.
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
