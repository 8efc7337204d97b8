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
    """The file in which cloud-init gives users sudo: its rules without comments, and why sudo would not take it: owner
    or mode, or what `visudo` says. `unproven` says why nothing could look at a rule that is not of a plain form.
    """

    path: str
    rules: tuple[str, ...]
    problem: str | None = None
    unproven: str | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """An entry of the journal at priority 0 to 3; `source` is who said it: `kernel`, or a program's name."""

    priority: int
    source: str
    unit: str
    message: str


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal on the disk: how many entries it has, those at priority 3 or above (no two alike, `more` are left
    out), and the units that failed and did not start later. `unreadable` says why a file of it could not be read.
    """

    entries: int
    complaints: tuple[Complaint, ...] = ()
    more: int = 0
    failed: tuple[str, ...] = ()
    unreadable: str | None = None


@dataclass(frozen=True, slots=True)
class Pinned:
    """A network configuration that names the hardware address of one machine."""

    path: str
    address: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A path that is not as it was sealed: `state` says in words what it is now, its owner, mode and content (the
    begin of its SHA-256).
    """

    path: str
    state: str


@dataclass(frozen=True, slots=True)
class System:
    """`hostname` is the text of /etc/hostname, None without one; `shells` are those login shells of accounts that can
    be executed; `sudo` is None without such a file, `sshd` without an sshd; `enabled` are the units that something
    wants or requires; `journal` is None where none is kept on the disk, `keeps_journal` says whether one should be.
    `changes` are what a boot left otherwise than it was sealed, but for what is declared to differ; None where that
    was not compared, or is too much to keep.
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
