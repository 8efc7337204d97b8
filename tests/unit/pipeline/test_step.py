"""Every step tells its start and its end, or its failure."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from goldsmith.errors import BuildError, Interrupted
from goldsmith.events import Emit, Event, Note, StepFailed, StepFinished, StepStarted
from goldsmith.pipeline.step import step


@dataclass(frozen=True)
class Baked:
    loaves: int

    @property
    def summary(self) -> str:
        return f"{self.loaves} loaves"


@step("bake")
def bake(emit: Emit, loaves: int, *, error: BaseException | None = None) -> Baked:
    """Bake."""
    emit(Note("kneading"))
    if error is not None:
        raise error
    return Baked(loaves)


def timeless(events: list[Event]) -> list[Event]:
    """The events, each that took time with none."""
    return [replace(each, seconds=0.0) if isinstance(each, StepFinished | StepFailed) else each for each in events]


def test_a_step_that_ends_well(events: list[Event]) -> None:
    assert bake(events.append, 3) == Baked(3)
    assert timeless(events) == [StepStarted("bake"), Note("kneading"), StepFinished("bake", 0.0, "3 loaves")]


@pytest.mark.parametrize(
    "error", [BuildError("the oven is cold", hint="heat it"), ValueError("the oven is cold"), Interrupted("ctrl-c")]
)
def test_a_step_that_fails_tells_it_and_raises_the_same_error(events: list[Event], error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        bake(events.append, 3, error=error)
    assert caught.value is error
    assert timeless(events) == [StepStarted("bake"), Note("kneading"), StepFailed("bake", 0.0, str(error))]


def test_seconds_are_measured(events: list[Event], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((10.0, 12.5))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    bake(events.append, 1)
    assert [each.seconds for each in events if isinstance(each, StepFinished)] == [2.5]


def test_a_step_keeps_its_functions_name_and_text() -> None:
    assert (bake.__name__, bake.__doc__) == ("bake", "Bake.")
