"""What the library says while it works. Only the command line turns events into text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step of the build, or a part of one, has begun."""

    step: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step has ended well; `summary` is one short line of what it did."""

    step: str
    seconds: float
    summary: str = ""
    cached: bool = False


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A step has failed; the error itself follows as an exception."""

    step: str
    seconds: float
    message: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Bytes (or another unit) moved within a step; `total` is None when it is not known."""

    step: str
    done: int
    total: int | None
    unit: str = "B"


@dataclass(frozen=True, slots=True)
class MilestonePassed:
    """A clone's boot reached a named point, `seconds` after the machine was started."""

    clone: str
    milestone: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Note:
    """One line for the person who waits: a choice made, a warning."""

    text: str
    warning: bool = False


Event = StepStarted | StepFinished | StepFailed | Progress | MilestonePassed | Note
Emit = Callable[[Event], None]


def ignore(event: Event) -> None:
    """An `Emit` for callers that do not listen."""


def as_json(event: Event) -> dict[str, object]:
    """One event as a JSON object: its kind under "event", its fields beside it."""
    return {"event": type(event).__name__, **asdict(event)}
