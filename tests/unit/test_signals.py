"""Signals become exceptions of ours, in this very process."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

import pytest

from goldsmith.errors import Interrupted, Stopped, Terminated
from goldsmith.run import signals_as_errors

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    previous = {number: signal.getsignal(number) for number in NUMBERS}
    yield
    for number, handler in previous.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, Interrupted), (signal.SIGTERM, Terminated), (signal.SIGHUP, Terminated)]
)
def test_a_signal_passes_whoever_handles_errors(number: signal.Signals, error: type[Stopped]) -> None:
    with pytest.raises(error), signals_as_errors(), contextlib.suppress(Exception):
        os.kill(os.getpid(), number)


def test_a_second_one_disturbs_neither_the_clean_up_nor_the_end() -> None:
    cleaned = []

    @contextlib.contextmanager
    def cleaning_up() -> Iterator[None]:
        try:
            yield
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned.append("all")

    with pytest.raises(Interrupted), signals_as_errors(), cleaning_up():
        os.kill(os.getpid(), signal.SIGINT)
    assert cleaned == ["all"]
    for number in NUMBERS:
        os.kill(os.getpid(), number)


def test_without_a_signal_everything_is_as_before() -> None:
    before = [signal.getsignal(number) for number in NUMBERS]
    with signals_as_errors():
        pass
    assert [signal.getsignal(number) for number in NUMBERS] == before


def test_a_run_under_nohup_does_not_hear_of_the_terminal() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with signals_as_errors():
        os.kill(os.getpid(), signal.SIGHUP)
