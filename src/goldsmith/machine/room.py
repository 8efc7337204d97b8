"""How many machines run at a time on this host: as many as its processors and its free memory carry. Pure but for
reading them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from goldsmith.machine.options import MachineOptions

MEMINFO = Path("/proc/meminfo")
# MiB that the driver's own process takes beside the guest's memory, and that the host keeps for itself. An emulator of
# a Debian 12 with 1024 MiB has 1120 at the end of its boot.
BESIDE, KEPT = 256, 512
# MiB of one rehearsal: the services of a Debian 12, its mounts and the process that holds them take 100.
REHEARSAL = 256
# A real processor's boot sleeps, and waits for its disk, about half of the time.
FOR_EACH_PROCESSOR = 2


class Kind(Enum):
    """What decides what a machine takes of a processor."""

    EMULATED = auto()
    ACCELERATED = auto()
    REHEARSED = auto()


@dataclass(frozen=True, slots=True)
class Host:
    """Processors that this process may use, and MiB of memory that can be had without swapping."""

    cpus: int
    available: int

    @classmethod
    def here(cls) -> Host:
        """This host, now. Where the kernel does not say how much memory is free, memory is no limit."""
        available = 1 << 40
        try:
            for line in MEMINFO.read_text(encoding="ascii").splitlines():
                if line.startswith("MemAvailable:"):
                    available = int(line.split()[1]) >> 10
        except (OSError, ValueError, IndexError):
            pass
        return cls(len(os.sched_getaffinity(0)), available)


@dataclass(frozen=True, slots=True)
class Room:
    """`at_once` is at least 1; `why` is one line for people; `tight`: there is not even enough memory for one."""

    at_once: int
    why: str
    tight: bool = False


def room_for(machines: Sequence[MachineOptions], kind: Kind, host: Host) -> Room:
    """How many of the machines run at a time. The largest of them counts for each.

    Under emulation a machine keeps as many processors busy as it has: two at once on two processors give 1.45 times
    the throughput of one, four give nothing more.
    """
    noun = "rehearsals" if kind is Kind.REHEARSED else "machines"
    memory = REHEARSAL if kind is Kind.REHEARSED else max((each.memory for each in machines), default=0) + BESIDE
    cpus = 1 if kind is Kind.REHEARSED else max((each.cpus for each in machines), default=1)
    by_memory = max(0, host.available - KEPT) // memory
    by_cpus = max(1, host.cpus * (1 if kind is Kind.EMULATED else FOR_EACH_PROCESSOR) // cpus)
    at_once = max(1, min(by_memory, by_cpus, len(machines)))
    if by_memory < min(by_cpus, len(machines)):
        why = f"{at_once} of {len(machines)} {noun} at once: each takes {memory} MiB, and {host.available} MiB are free"
        return Room(at_once, why, tight=by_memory == 0)
    if by_cpus >= len(machines):
        return Room(at_once, f"{len(machines)} {noun} at once")
    match kind:
        case Kind.EMULATED:
            reason = "emulation keeps a processor busy for each of theirs, and there are"
        case Kind.ACCELERATED | Kind.REHEARSED:
            reason = f"{FOR_EACH_PROCESSOR} for each processor, and there are"
    return Room(at_once, f"{at_once} of {len(machines)} {noun} at once: {reason} {host.cpus}")
