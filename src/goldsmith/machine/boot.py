"""Boots machines, several at once, and records what their boots left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from goldsmith.events import Emit, ignore
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.milestones import Milestone
from goldsmith.machine.patience import Patience


@dataclass(frozen=True, slots=True)
class Passed:
    """A milestone that a boot passed, `seconds` after the machine was started. `boot` counts from 1: a guest may restart."""

    milestone: Milestone
    seconds: float
    boot: int = 1


@dataclass(frozen=True, slots=True)
class BootRecord:
    """What one machine's boot left. `problem` is one line, None where everything was reached; `tail` are the console's last
    lines, safe to print; `off` says that the guest powered off by itself, so that its disk is consistent. `seconds` is the
    whole time from start to end, `boots` how often the machine started.
    """

    name: str
    driver: str
    milestones: tuple[Passed, ...]
    console: Path
    seconds: float
    boots: int
    off: bool
    problem: str | None
    tail: tuple[str, ...]

    def reached(self, milestone: Milestone) -> bool:
        """Whether the milestone was passed in any boot of this machine."""
        return any(passed.milestone is milestone for passed in self.milestones)


def boot(
    specs: Sequence[MachineSpec],
    *,
    until: Milestone = Milestone.READY,
    patience: Patience = Patience(),
    speed: float = 1.0,
    at_once: int | None = None,
    driver: str = "qemu",
    emit: Emit = ignore,
) -> tuple[BootRecord, ...]:
    """Start every machine, wait until each passes `until`, and end it: by ACPI where it is `ready`, else hard.

    Records come in the order of `specs`. `speed` is this host's measured speed (`Acceleration.speed`): patience is divided by
    it. At most `at_once` machines run at a time (default: as many as there are processors). What goes wrong in a machine
    is a record's `problem`, never an exception. Raises HostError where the driver cannot work here; on Stopped all
    machines are ended first.
    """
    raise NotImplementedError
