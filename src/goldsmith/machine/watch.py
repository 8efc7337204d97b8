"""One machine's boot from start to end: reads the console, asks the hypervisor, decides when to stop waiting."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import islice
from pathlib import Path

from goldsmith.events import Emit, MilestonePassed
from goldsmith.machine.cause import FoundCause, found
from goldsmith.machine.console import tail
from goldsmith.machine.driver import Ended, Machine
from goldsmith.machine.milestones import ORDER, Milestone
from goldsmith.machine.patience import Patience, Watch
from goldsmith.machine.scanner import Scanner, Seen
from goldsmith.machine.visit import Visit, Visiting

SAMPLE_SECONDS = 1.0
REST_SECONDS = 1.5
# As much as is read in a small part of the time between two looks.
READ_BYTES = 128 * 1024
LAST_READS = 64
CONSOLE_LIMIT = 64 * 1024 * 1024
# A relabeling boot or a boot loader's fallback restarts once; more is a loop.
MOST_BOOTS = 4
STARTS = "start-job-runs"
MOST_JOBS = 3
# Less is too little for one more cluster of an overlay.
ROOM_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Passed:
    """A milestone that a boot passed, `seconds` after the machine was started; `boot` counts from 1. `up` is the same
    by the guest's own clock, where cloud-init says it.
    """

    milestone: Milestone
    seconds: float
    boot: int = 1
    up: float | None = None


@dataclass(frozen=True, slots=True)
class BootRecord:
    """What one machine's boot left.

    `problem` is one line, None where everything was reached; `tail` are the console's last lines, safe to print. `off`:
    the guest powered off by itself, so its disk is consistent. `seconds` is the whole time from start to end, `boots`
    how often the machine started. `hardware` is false for a rehearsal. `screenshot` is a PNG of the screen of a
    machine that got stuck before its kernel printed anything on the serial console. `causes` is what the console shows
    of why a boot fails, in its order; a good boot may show some, too.
    """

    name: str
    driver: str
    hardware: bool
    milestones: tuple[Passed, ...]
    console: Path
    seconds: float
    boots: int
    off: bool
    problem: str | None
    tail: tuple[str, ...]
    screenshot: Path | None = None
    causes: tuple[FoundCause, ...] = ()

    def reached(self, milestone: Milestone) -> bool:
        """Whether the milestone was passed in any boot of this machine."""
        return any(passed.milestone is milestone for passed in self.milestones)


class _Phase(Enum):
    BOOTING = auto()
    VISITING = auto()
    POWERING_OFF = auto()
    DONE = auto()


class WatchedBoot:
    """`look()` as often as wanted, until it returns a record; it never waits. The machine must have been started."""

    def __init__(
        self,
        machine: Machine,
        *,
        driver: str,
        until: Milestone,
        patience: Patience,
        emit: Emit,
        clock: Callable[[], float] = time.monotonic,
        visit: Visit | None = None,
    ) -> None:
        """`patience` is already scaled to this host; `clock` gives seconds; `visit` is paid to a ready guest."""
        self.machine = machine
        self._driver = driver
        self._until = until
        self._patience = patience
        self._emit = emit
        self._clock = clock
        self._started = clock()
        self._scanner = Scanner(machine.spec.stages)
        self._watch = Watch(patience, cloud_init=bool(machine.spec.stages))
        self._passed: list[Passed] = []
        self._phase = _Phase.BOOTING
        self._problem: str | None = None
        self._silent = False
        self._stalled = False
        self._offset = 0
        self._printed = 0
        self._next_sample = 0.0
        self._pressed = 0
        self._powering_since = 0.0
        self._screenshot: Path | None = None
        self._visit = visit
        self._visited: Visiting | None = None

    def look(self) -> BootRecord | None:
        """Go on by one step. None while the boot goes on; afterwards the machine has ended."""
        ended = self.machine.ended()
        now = self._clock() - self._started
        self._read_console(now)
        match self._phase:
            case _Phase.BOOTING | _Phase.POWERING_OFF if ended is None and self._printed > CONSOLE_LIMIT:
                self._fail(f"it printed more than {CONSOLE_LIMIT >> 10} KiB on its console")
            case _Phase.BOOTING if ended is None:
                self._look_at_boot(now)
            case _Phase.VISITING if ended is None:
                self._look_at_visit(now)
            case _Phase.POWERING_OFF if ended is None:
                self._look_at_power_off(now)
            case _Phase.DONE:
                pass
            case _:
                assert ended is not None
                self._end(now, ended)
        return self._record(now) if self._phase is _Phase.DONE else None

    def _sample(self, now: float) -> None:
        if now >= self._next_sample:
            self._next_sample = now + SAMPLE_SECONDS
            self._watch.sample(now, self.machine.activity())

    def _look_at_boot(self, now: float) -> None:
        self._sample(now)
        dead_end = self._scanner.dead_end
        if self._reached_goal() and dead_end is None:
            if self._until is not Milestone.READY:
                self._kill()
            elif self._watch.rests(now, REST_SECONDS) or self._watch.since_milestone(now) >= self._patience.linger:
                self._be_visited(now)
            return
        if self._rests_after_silent_end(now):
            self._pass(now, Milestone.READY, self._scanner.boot)
            return
        if self.machine.resets() >= MOST_BOOTS:
            self._fail(f"it restarted {self.machine.resets()} times without getting ready")
        elif problem := self._watch.verdict(now, dead_end.line if dead_end is not None else None):
            self._problem = problem
            kernel_seen = any(ORDER[each] >= ORDER[Milestone.KERNEL] for each in self._scanner.passed)
            self._stalled = dead_end is None
            self._silent = self.machine.features.hardware and dead_end is None and not kernel_seen
            self._take_screenshot()
            # Where an operating system runs it is powered off, so that its disk can be read afterwards.
            if dead_end is None and self._scanner.passed & {Milestone.INIT, Milestone.LOGIN}:
                self._power_off(now)
            else:
                self._kill()

    def _take_screenshot(self) -> None:
        """Where the serial console tells nothing: the reason may stand on the screen."""
        silent = all(ORDER[each] < ORDER[Milestone.KERNEL] for each in self._scanner.passed)
        if silent and self._scanner.dead_end is None:
            self._screenshot = self.machine.screenshot()

    def _be_visited(self, now: float) -> None:
        if self._visit is None:
            self._power_off(now)
            return
        self._phase = _Phase.VISITING
        self._visited = Visiting(self._visit, self.machine)

    def _look_at_visit(self, now: float) -> None:
        assert self._visited is not None
        if self._printed > CONSOLE_LIMIT:
            self._problem = f"it printed more than {CONSOLE_LIMIT >> 20} MiB on its console"
            self._kill()
        elif self._visited.over():
            self._power_off(now)

    def _look_at_power_off(self, now: float) -> None:
        self._sample(now)
        since = now - self._powering_since
        rests = self._watch.rests(now, REST_SECONDS)
        if since >= (self._patience.grace if rests else self._patience.busy_grace):
            presses = f"though its power button was pressed {self._pressed} times"
            self._fail(f"it did not power off within {since:.0f} s, {presses}")
        elif since >= self._pressed * self._patience.press:
            self.machine.press_power_button()
            self._pressed += 1

    def _power_off(self, now: float) -> None:
        self._phase = _Phase.POWERING_OFF
        self._powering_since = now
        self.machine.press_power_button()
        self._pressed = 1

    def _fail(self, why: str) -> None:
        self._problem = f"{self._problem}; then {why}" if self._problem else why
        self._kill()

    def _kill(self) -> None:
        self.machine.kill()
        self._phase = _Phase.DONE

    def _end(self, now: float, ended: Ended) -> None:
        """It ended by itself: as asked, or before its time."""
        self._read_to_the_end(now)
        asked = self._phase is _Phase.POWERING_OFF
        last = f"after {self._passed[-1].milestone}" if self._passed else "before its first milestone"
        if ended.by_guest:
            self._pass(now, Milestone.OFF, self._scanner.boot)
        if self._problem is None and not asked and not self._reached_goal():
            why = "the guest powered off by itself" if ended.by_guest else ended.why
            self._problem = f"it ended {last}, {now:.1f} s after its start: {why}"
        elif self._problem is None and asked and not ended.by_guest:
            self._problem = f"it was asked to power off, but: {ended.why}"
        self._kill()

    def _reached_goal(self) -> bool:
        """A quiet console may never show an early milestone; a later one implies it."""
        if ORDER[self._until] > ORDER[Milestone.INIT]:
            return any(passed.milestone is self._until for passed in self._passed)
        return any(ORDER[passed.milestone] >= ORDER[self._until] for passed in self._passed)

    def _rests_after_silent_end(self, now: float) -> bool:
        """The last stage has no module that announces its end: a guest at rest is then what can be seen of it."""
        spec = self.machine.spec
        if spec.says_finished or not spec.stages:
            return False
        begun = {max(spec.stages, key=ORDER.__getitem__), Milestone.LOGIN}
        return begun <= self._scanner.passed and Milestone.READY not in self._scanner.passed and self._watch.rests(now)

    def _read_console(self, now: float) -> int:
        """Bytes that were read."""
        try:
            with self.machine.spec.console.open("rb") as file:
                # It may print faster than it is read here.
                self._printed = file.seek(0, 2)
                file.seek(self._offset)
                data = file.read(READ_BYTES)
        except FileNotFoundError:
            return 0
        self._offset += len(data)
        self._take(now, self._scanner.feed(data))
        return len(data)

    def _read_to_the_end(self, now: float) -> None:
        """What a machine has printed that prints no more, as far as it can be read in a moment."""
        for _ in range(LAST_READS):
            if self._read_console(now) < READ_BYTES:
                self._take(now, self._scanner.finish())
                return

    def _take(self, now: float, shown: Sequence[Seen]) -> None:
        for seen in shown:
            for place, passed in enumerate(self._passed):
                if (passed.milestone, passed.boot) == (seen.milestone, seen.boot):
                    self._passed[place] = replace(passed, up=passed.up if seen.up is None else seen.up)
                    break
            else:
                self._pass(now, seen.milestone, seen.boot, seen.up)

    def _pass(self, now: float, milestone: Milestone, boot: int, up: float | None = None) -> None:
        self._passed.append(Passed(milestone, now, boot, up))
        self._watch.passed(now, milestone)
        self._emit(MilestonePassed(self.machine.spec.name, milestone.value, now))

    def _causes(self) -> tuple[FoundCause, ...]:
        """What the console shows, and of a boot that failed what only its circumstances tell."""
        boot = self._scanner.boot
        never_start = self.machine.features.never_start
        causes = [each for each in self._scanner.causes if not each.what.startswith(never_start)]
        if self._stalled and not any(each.name == STARTS for each in causes):
            waiting = islice(self._scanner.jobs.unfinished.items(), MOST_JOBS)
            causes += [found(STARTS, line, boot=boot, what=unit) for unit, line in waiting]
        if self._problem is not None and self._silent:
            causes.append(found("silent-console", "", boot=boot))
        if self._problem is not None and _is_full(self.machine.spec.disk.path.parent):
            causes.append(found("host-disk-full", "", boot=boot))
        return tuple(causes)

    def _record(self, now: float) -> BootRecord:
        spec = self.machine.spec
        _cut(spec.console)
        return BootRecord(
            name=spec.name,
            driver=self._driver,
            hardware=self.machine.features.hardware,
            milestones=tuple(self._passed),
            console=spec.console,
            seconds=now,
            boots=self.machine.resets() + 1,
            off=any(passed.milestone is Milestone.OFF for passed in self._passed),
            problem=self._problem,
            tail=tail(spec.console),
            screenshot=self._screenshot,
            causes=self._causes(),
        )


def _cut(console: Path) -> None:
    """Nobody reads more of a console, and it is kept beside the evidence."""
    try:
        if console.stat().st_size > CONSOLE_LIMIT:
            os.truncate(console, CONSOLE_LIMIT)
    except OSError:
        # Not there, or another user's, as libvirt's may be.
        return


def _is_full(folder: Path) -> bool:
    """Whether this process can write nothing more into a folder's file system."""
    try:
        system = os.statvfs(folder)
    except FileNotFoundError:
        return False
    free = system.f_bfree if os.geteuid() == 0 else system.f_bavail
    return free * system.f_frsize < ROOM_BYTES
