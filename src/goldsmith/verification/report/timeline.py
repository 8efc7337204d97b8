"""The timeline of boots as geometry: one row for each stage and, below them, for each link of cloud-init's critical
chain; one scale for all clones. Pure; a template draws it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from goldsmith.rules.evidence import CloneEvidence, Passage
from goldsmith.verification.report.chain import chain_of, offset

# All in units of the drawing, which a page scales to its width.
WIDTH, LEFT, RIGHT = 960.0, 190.0, 70.0
ROW, THIN, HEAD, GAP, AXIS = 22.0, 15.0, 26.0, 14.0, 28.0
TICKS_AT_MOST = 10
NARROWEST = 1.5
PHASES = {
    "firmware": "machine",
    "bootloader": "machine",
    "kernel": "kernel",
    "initramfs": "kernel",
    "init": "init",
    "cloud-init-local": "cloud",
    "network": "init",
    "cloud-init-network": "cloud",
    "cloud-init-config": "cloud",
    "cloud-init-final": "cloud",
    "host-keys": "cloud",
    "finished": "ready",
    "login": "ready",
    "ready": "ready",
    "off": "ready",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One stage, from its milestone to the next one, or one link of the chain, whose phase is its kind. Seconds since
    the machine was started.
    """

    name: str
    phase: str
    start: float
    seconds: float
    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Group:
    """One start of one clone: its heading and bars. `chain` is empty where nothing tells its place on the axis."""

    title: str
    y: float
    bars: tuple[Bar, ...]
    chain: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """`width` and `height` are those of the drawing; ticks go over its whole height."""

    width: float
    height: float
    groups: tuple[Group, ...]
    ticks: tuple[Tick, ...]

    @property
    def bottom(self) -> float:
        """Where the axis stands."""
        return self.height - AXIS


def starts(clone: CloneEvidence) -> Iterator[tuple[str, CloneEvidence]]:
    """Each start of a clone's machine with a title: the first, and those of the same disk after it."""
    number, current = 1, clone
    while True:
        yield clone.name if number == 1 else f"{clone.name}, start {number}", current
        if current.again is None:
            return
        number, current = number + 1, current.again


def timeline(clones: Sequence[CloneEvidence]) -> Timeline:
    """The drawing of all starts of all clones, one below the other."""
    every = [each for clone in clones for each in starts(clone)]
    longest = max((_end(start) for _, start in every), default=0.0)
    step = _step(longest)
    scale = (WIDTH - LEFT - RIGHT) / max(longest, step)
    groups, y = [], 0.0
    for title, start in every:
        bars = tuple(_bars(start, scale, y + HEAD))
        below = y + HEAD + ROW * len(bars)
        chain = tuple(_chain(start, scale, below))
        groups.append(Group(title, y, bars, chain))
        y = below + THIN * len(chain) + GAP
    count = math.floor(max(longest, step) / step + 1e-9)
    ticks = tuple(Tick(LEFT + number * step * scale, f"{number * step:g} s") for number in range(count + 1))
    return Timeline(WIDTH, y + AXIS, tuple(groups), ticks)


def _bars(clone: CloneEvidence, scale: float, top: float) -> Iterator[Bar]:
    passed = _in_order(clone)
    several = any(passage.boot > 1 for passage in passed)
    for row, passage in enumerate(passed):
        end = passed[row + 1].seconds if row + 1 < len(passed) else max(_end(clone), passage.seconds)
        start = max(0.0, passage.seconds)
        yield Bar(
            name=f"{passage.name}, boot {passage.boot}" if several else passage.name,
            phase=PHASES.get(passage.name, "machine"),
            start=start,
            seconds=end - start,
            x=LEFT + start * scale,
            y=top + ROW * row,
            width=max(NARROWEST, (end - start) * scale),
        )


def chain_offset(clone: CloneEvidence) -> float | None:
    """The seconds between the machine's start and the first link of the chain's own clock; None where it has no place
    on the axis.
    """
    return offset(clone, _end(clone))


def _chain(clone: CloneEvidence, scale: float, top: float) -> Iterator[Bar]:
    after, last = chain_offset(clone), _end(clone)
    if after is None:
        return
    for row, link in enumerate(chain_of(clone)):
        start, end = (min(time + after, last) for time in (link.start, link.end))
        yield Bar(
            name=link.name,
            phase=link.kind.value,
            start=start,
            seconds=link.seconds,
            x=LEFT + start * scale,
            y=top + THIN * row,
            width=max(NARROWEST, (end - start) * scale),
        )


def _in_order(clone: CloneEvidence) -> list[Passage]:
    """What was passed, by its time. Recorded numbers are input: what is no time is left out."""
    known = [each for each in clone.milestones if math.isfinite(each.seconds) and each.seconds >= 0]
    return sorted(known, key=lambda passage: passage.seconds)


def _end(clone: CloneEvidence) -> float:
    last = max((each.seconds for each in _in_order(clone)), default=0.0)
    return max(last, clone.seconds) if math.isfinite(clone.seconds) else last


def _step(longest: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, … seconds with at most ten ticks."""
    if longest <= TICKS_AT_MOST:
        return 1.0
    power = 10.0 ** math.floor(math.log10(longest / TICKS_AT_MOST))
    return next(power * factor for factor in (1, 2, 5, 10) if longest <= power * factor * TICKS_AT_MOST * (1 + 1e-9))
