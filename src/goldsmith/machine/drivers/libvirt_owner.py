"""Whose domain it is. A libvirtd that is started again has forgotten which connection a domain belonged to, so the
domain says it itself, and the next run ends what a dead one left.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

NAMESPACE = "urn:goldsmith:domain:1"


@dataclass(frozen=True, slots=True)
class Owner:
    """A process: its number, when it was started (clock ticks since the host booted), and the PID namespace it is in,
    by which other namespaces' processes are told apart.
    """

    pid: int
    started: int
    namespace: int

    @classmethod
    def this_process(cls) -> Self:
        return cls(os.getpid(), started_at(os.getpid()) or 0, _namespace())

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """What `str` made; None for anything else."""
        words = text.split()
        if len(words) == len(cls.__dataclass_fields__) and all(word.isdecimal() for word in words):
            return cls(*map(int, words))
        return None

    def __str__(self) -> str:
        return f"{self.pid} {self.started} {self.namespace}"

    def is_dead(self) -> bool:
        """False also where nobody can tell from here."""
        return self.namespace == _namespace() and started_at(self.pid) != self.started


def started_at(pid: int) -> int | None:
    """None where no such process runs."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in {"Z", "X"} else int(fields[18])


def _namespace() -> int:
    return Path("/proc/self/ns/pid").stat().st_ino
