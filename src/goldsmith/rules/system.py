"""What a tree says of the running system beyond its accounts: names, logins, services, its journal, what it changed.

Plain data as the other facts. `Facts.system` is None in evidence that was recorded before these were gathered.
"""

from __future__ import annotations

from dataclasses import dataclass

from goldsmith.cloudinit.first_boot_sshd import Sshd

# What systemd logs when a unit enters the state `failed`, and when it is running after all (sd-messages.h).
UNIT_FAILED, UNIT_STARTED = "d9b373ed55a64feb8242e02dbe79a49c", "39f53479d3a045ac8e11786248231fbf"


@dataclass(frozen=True, slots=True)
class SudoFile:
    """The file in which cloud-init gives users sudo: its `path`, its `rules` without comments, safe to print, and as
    `problem` why sudo would not take it: owner or mode, or what `visudo` says, None where it would. `unproven` says why
    nothing could look at a rule that is not of a plain form, None where that was not needed or done.
    """

    path: str
    rules: tuple[str, ...]
    problem: str | None = None
    unproven: str | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """An entry of the journal at `priority` 0 to 3; `source` is who said it: `kernel`, or a program's name; `unit` is
    the unit that it is about, "" for none; `message` is its begin. The texts are safe to print.
    """

    priority: int
    source: str
    unit: str
    message: str


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal on the disk: `entries` counts all, `complaints` are those at priority 3 or above (no two alike,
    `more` are left out), and `failed` the units that failed and did not start later. `unreadable` says why a file of it
    could not be read, None where all could. The texts are safe to print.
    """

    entries: int
    complaints: tuple[Complaint, ...] = ()
    more: int = 0
    failed: tuple[str, ...] = ()
    unreadable: str | None = None


@dataclass(frozen=True, slots=True)
class Pinned:
    """A network configuration, by its `path`, that names the hardware `address` of one machine; safe to print."""

    path: str
    address: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A `path` that is not as it was sealed: `state` says in words what it is now, its owner, mode and content (the
    begin of its SHA-256). Both are safe to print.
    """

    path: str
    state: str


@dataclass(frozen=True, slots=True)
class System:
    """`hostname` is the text of /etc/hostname, None without one; `distro` is ID of os-release; `shells` are those login
    shells of accounts that can be executed; `sudo` is None without such a file, `sshd` without an sshd; `enabled` are
    the units that something wants or requires; `journal` is None where none is kept on the disk, `keeps_journal` says
    whether one should be; `pinned` are network configurations for one machine alone. `changes` are what a boot left
    otherwise than it was sealed, but for what is declared to differ; None where that was not compared, or is too much
    to keep. All but `distro` and `sshd` are safe to print.
    """

    hostname: str | None
    distro: str
    shells: tuple[str, ...]
    sudo: SudoFile | None
    sshd: Sshd | None
    enabled: tuple[str, ...]
    keeps_journal: bool
    journal: Journal | None
    pinned: tuple[Pinned, ...]
    changes: tuple[Changed, ...] | None = None
