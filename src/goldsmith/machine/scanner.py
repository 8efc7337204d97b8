"""Reads a console that grows: milestones, and causes of failure. Pure; the result never depends on how bytes arrive."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import re2

import goldsmith.machine.causes  # noqa: F401  importing registers them
from goldsmith.machine.cause import Causes, FoundCause, in_line, in_prompt, registered
from goldsmith.machine.console import Lines
from goldsmith.machine.jobs import BEGINS, ENDS, Jobs
from goldsmith.machine.milestones import (
    CLOUD_INIT_STAGES,
    ORDER,
    PATTERNS,
    Milestone,
    Reading,
    is_login_prompt,
    read_line,
    starts_again,
)

# systemd's word at the begin of what it says of a unit.
_STATUS = re.compile(r"^\[ *(?:OK|FAILED|DEPEND|TIME|WARN|SKIP|INFO) *\] ")
# One automaton over all patterns passes by what tells nothing, at 100 MB/s and more.
_TELLING = re2.compile(
    "(?m)"
    + "|".join(
        f"(?:{pattern})"
        for pattern in (
            *PATTERNS,
            _STATUS.pattern,
            BEGINS,
            ENDS,
            *(each.line for each in registered() if each.line),
            *(f"^(?:{each.prompt})" for each in registered() if each.prompt),
        )
    )
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A milestone read from the console; `boot` counts from 1, because a guest may restart itself. `up`: seconds since
    the kernel's start by the guest's own clock, where cloud-init says it.
    """

    milestone: Milestone
    boot: int = 1
    up: float | None = None


class Scanner:
    """`stages` are the cloud-init stages configured in this guest.

    Each milestone is told once for each boot, and a stage of cloud-init once more when it says how long the machine was
    up. A line counts when it ends, a prompt at once. Memory is bounded whatever the guest prints.
    """

    def __init__(self, stages: Sequence[Milestone] = CLOUD_INIT_STAGES) -> None:
        self.boot = 1
        self.passed: set[Milestone] = set()
        self.causes = Causes()
        self.jobs = Jobs()
        self._last_stage = max(stages, key=ORDER.__getitem__, default=None)
        self._lines = Lines()
        self._up: set[Milestone] = set()

    @property
    def dead_end(self) -> FoundCause | None:
        """With what the current boot gave up, if it did and did not go on."""
        return next((each for each in reversed(self.causes.of(self.boot)) if each.ends), None)

    def feed(self, data: bytes) -> list[Seen]:
        """What newly appended bytes show."""
        seen = self._read_all(self._lines.feed(data))
        return seen + list(self._read_prompt(self._lines.begun))

    def finish(self) -> list[Seen]:
        """What the last line shows, where nothing is appended any more."""
        return self._read_all(self._lines.finish())

    def _read_all(self, lines: str) -> list[Seen]:
        if not lines or not _TELLING.search(lines):
            return []
        return [seen for line in lines.split("\n") if line and _TELLING.search(line) for seen in self._read(line)]

    def _read(self, line: str) -> Iterator[Seen]:
        # A machine that is reset prints its firmware's first line after the prompt.
        yield from self._read_prompt(line)
        if starts_again(line, self.passed):
            self.boot += 1
            self.passed.clear()
            self.jobs = Jobs()
            self._up.clear()
        if _STATUS.search(line):
            self.causes.systemd_spoke()
        self.jobs.read(line)
        reading = read_line(line)
        yield from self._pass((*reading.milestones, *self._ready(reading)), reading.up_at)
        self.causes.add(in_line(line, self.boot))

    def _read_prompt(self, begin: str) -> Iterator[Seen]:
        if not begin:
            return
        if is_login_prompt(begin):
            yield from self._pass((Milestone.LOGIN, *([Milestone.READY] if self._last_stage is None else [])))
        self.causes.add(in_prompt(begin, self.boot))

    def _pass(
        self, milestones: Sequence[Milestone], up_at: Callable[[Milestone], float | None] = lambda _: None
    ) -> Iterator[Seen]:
        new = [each for each in milestones if each not in self.passed]
        if new:
            self.passed.update(new)
            self.causes.went_on(self.boot)
        for each in milestones:
            says = up_at(each) if each not in self._up else None
            if each in new or says is not None:
                yield Seen(each, self.boot, says)
            if says is not None:
                self._up.add(each)

    def _ready(self, reading: Reading) -> Iterator[Milestone]:
        """The last configured stage has ended, or one has begun that comes after it."""
        if self._last_stage is None:
            return
        last = ORDER[self._last_stage]
        over = reading.ended is not None and ORDER[reading.ended] >= last
        # Where emergency mode is entered the target is reached, too, and no stage has run.
        over |= reading.all_ended and self._last_stage in self.passed
        if over or any(each in CLOUD_INIT_STAGES and ORDER[each] > last for each in reading.milestones):
            yield Milestone.READY
