"""What `cloud-init analyze` makes of cloud-init.log: how long each stage and each module took.

Lines of the log begin and end an event by its path, such as `modules-final/config-scripts_user` (handlers.py, 22.4 to
26.2 alike), with the time in milliseconds before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

# Of the last run: what one boot does fits into some hundred events.
MOST = 1000
_EVENT = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) - handlers\.py\[DEBUG\]: (start|finish): "
    r"([\w-]{1,60}(?:/[\w.-]{1,80}){0,3}):"
)
_FIRST = "init-local"


@dataclass(frozen=True, slots=True)
class Span:
    """One event: `name` is its path, such as `modules-final/config-scripts_user`; `start` in seconds after the first
    one began, `seconds` that it took, those inside it included.
    """

    name: str
    start: float
    seconds: float


def spans(log: str) -> tuple[Span, ...]:
    """The events of the last run in the log, in the order of their begin; what never ended is left out."""
    began: dict[str, datetime] = {}
    ended: list[tuple[datetime, Span]] = []
    first: datetime | None = None
    for time, kind, name in _events(log):
        if kind == "start":
            if name == _FIRST:
                began, ended, first = {}, [], time
            first = first or time
            began[name] = time
        elif first is not None and (start := began.pop(name, None)) is not None and len(ended) < MOST:
            span = Span(name, _seconds(first, start), _seconds(start, time))
            ended.append((start, span))
    return tuple(span for _, span in sorted(ended, key=lambda each: each[0]))


def critical_chain(found: tuple[Span, ...], most: int) -> tuple[Span, ...]:
    """The modules that took longest, in the order in which they ran: cloud-init does one after the other, so that each
    second of one delays all that follow.
    """
    modules = [span for span in found if "/" in span.name]
    slowest = sorted(modules, key=lambda span: -span.seconds)[:most]
    return tuple(span for span in modules if span in slowest)


def _events(log: str) -> Iterator[tuple[datetime, str, str]]:
    for line in log.splitlines():
        if found := _EVENT.match(line):
            try:
                yield datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S,%f"), found[2], found[3]  # noqa: DTZ007  guest's own
            except ValueError:
                continue


def _seconds(begin: datetime, end: datetime) -> float:
    """A clock that was set meanwhile gives no negative times."""
    return round(max(0.0, (end - begin).total_seconds()), 3)
