"""What `cloud-init analyze` makes of cloud-init.log: how long each stage and each module took.

Lines of the log begin and end an event by its path, such as `modules-final/config-scripts_user` (handlers.py, 22.4 to
26.2 alike), with the time in milliseconds before it. A stage begins before cloud-init has opened its log: 22.4 logs
only its end, and that it runs, which `cloud-init analyze` takes for the begin too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

# Of the last run: what one boot does fits into some hundred events.
MOST = 1000
_TIME = r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) - "
_EVENT = re.compile(_TIME + r"handlers\.py\[DEBUG\]: (start|finish): ([\w-]{1,60}(?:/[\w.-]{1,80}){0,3}):")
_RUNNING = re.compile(
    _TIME + r"[\w.]{1,40}\[[A-Z]{1,9}\]: Cloud-init v\. \S{1,80} "
    r"(running) '(init-local|init|modules:config|modules:final)'"
)
_PATHS = {"init": "init-network", "modules:config": "modules-config", "modules:final": "modules-final"}
_FIRST = "init-local"
# What each stage waits for, besides the one before it: systemd's order of the units, which also start a Python each.
WAITS = {
    _FIRST: "wait",
    "init-network": "wait for network",
    "modules-config": "wait for network-online",
    "modules-final": "wait for services",
}
# Less is what a process takes to start.
SHORTEST_WAIT = 0.05


@dataclass(frozen=True, slots=True)
class Span:
    """One event: `name` is its path, such as `modules-final/config-scripts_user`; `start` in seconds after the first
    one began, `seconds` that it took, those inside it included.
    """

    name: str
    start: float
    seconds: float


class Kind(StrEnum):
    """What a link of the critical chain is."""

    STAGE = "stage"
    WAIT = "wait"
    PART = "part"


@dataclass(frozen=True, slots=True)
class Link:
    """A stage, a wait between two of them, or a part of a stage. Times are those of a span."""

    kind: Kind
    name: str
    start: float
    seconds: float

    @property
    def end(self) -> float:
        return self.start + self.seconds


def spans(log: str) -> tuple[Span, ...]:
    """The events of the last run in the log, in the order of their begin; what never ended is left out."""
    began: dict[str, datetime] = {}
    ended: list[tuple[datetime, Span]] = []
    first: datetime | None = None
    for time, kind, name in _events(log):
        if kind == "finish":
            if first is not None and (start := began.pop(name, None)) is not None and len(ended) < MOST:
                ended.append((start, Span(name, _seconds(first, start), _seconds(start, time))))
            continue
        if name == _FIRST and (ended or set(began) != {_FIRST}):
            began, ended, first = {}, [], time
        first = first or time
        if kind == "start" or name not in began:
            began[name] = time
    return tuple(span for _, span in sorted(ended, key=lambda each: each[0]))


def critical_chain(found: Iterable[Span], most: int) -> tuple[Link, ...]:
    """What a boot waited for in cloud-init, one after the other: its stages, the waits between them, and after each
    stage those of its parts that are among the `most` longest of all. Recorded numbers are input: what is no time is
    left out.
    """
    times = [each for each in found if min(each.start, each.seconds) >= 0 and math.isfinite(each.start + each.seconds)]
    times.sort(key=lambda each: each.start)
    parts = [each for each in times if _stage_of(each) in WAITS]
    longest = {id(each) for each in sorted(parts, key=lambda each: -each.seconds)[:most]}
    return tuple(_links(list(_stages(times, parts)), [each for each in parts if id(each) in longest]))


def _links(stages: list[Span], parts: list[Span]) -> Iterator[Link]:
    stages.sort(key=lambda each: each.start)
    for before, stage in pairwise([None, *stages]):
        assert stage is not None
        end = stage.start if before is None else before.start + before.seconds
        if stage.start - end >= SHORTEST_WAIT:
            yield Link(Kind.WAIT, WAITS[stage.name], round(end, 3), round(stage.start - end, 3))
        yield Link(Kind.STAGE, stage.name, stage.start, stage.seconds)
        for part in parts:
            if _stage_of(part) == stage.name:
                yield Link(Kind.PART, part.name, part.start, part.seconds)


def _stages(times: list[Span], parts: list[Span]) -> Iterator[Span]:
    """Each stage once. One whose own begin or end was not logged lasts from its first part to the end of its last."""
    for name in WAITS:
        own = next((each for each in times if each.name == name), None)
        inside = [each for each in parts if _stage_of(each) == name]
        if own is not None:
            yield own
        elif inside:
            end = max(each.start + each.seconds for each in inside)
            yield Span(name, inside[0].start, round(end - inside[0].start, 3))


def _stage_of(span: Span) -> str:
    """The path above it: what is further in is in a part that counts already."""
    return span.name.rpartition("/")[0]


def _events(log: str) -> Iterator[tuple[datetime, str, str]]:
    for line in log.splitlines():
        if found := _EVENT.match(line) or _RUNNING.match(line):
            try:
                time = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S,%f")  # noqa: DTZ007  guest's own
            except ValueError:
                continue
            yield time, found[2], _PATHS.get(found[3], found[3])


def _seconds(begin: datetime, end: datetime) -> float:
    """A clock that was set meanwhile gives no negative times."""
    return round(max(0.0, (end - begin).total_seconds()), 3)
