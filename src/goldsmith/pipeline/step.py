"""What all steps of a pipeline share: they say when they begin, what they did, and when they fail."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from goldsmith.errors import Stopped
from goldsmith.events import Emit, StepFailed, StepFinished, StepStarted

Parameters = ParamSpec("Parameters")


class Result(Protocol):
    """What a step hands on: a frozen value that can say in one line what was done."""

    @property
    def summary(self) -> str: ...


Made = TypeVar("Made", bound=Result)


def step(
    name: str,
) -> Callable[[Callable[Concatenate[Emit, Parameters], Made]], Callable[Concatenate[Emit, Parameters], Made]]:
    """Make a function whose first argument is an `Emit` a step: it emits its start, its end with the result's summary,
    and its failure.
    """

    def decorate(
        function: Callable[Concatenate[Emit, Parameters], Made],
    ) -> Callable[Concatenate[Emit, Parameters], Made]:
        @wraps(function)
        def perform(emit: Emit, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Made:
            started = time.monotonic()
            emit(StepStarted(name))
            try:
                result = function(emit, *args, **kwargs)
            except (Exception, Stopped) as error:
                emit(StepFailed(name, time.monotonic() - started, str(error)))
                raise
            emit(StepFinished(name, time.monotonic() - started, result.summary))
            return result

        return perform

    return decorate
