from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO

import pytest

from goldsmith import events
from goldsmith.cli.progress import Progress, amount, clock, moving


@pytest.mark.parametrize(
    ("number", "unit", "expected"),
    [
        (0, "B", "0 B"),
        (1023, "B", "1023 B"),
        (1536, "B", "1.5 KiB"),
        (447 << 20, "B", "447.0 MiB"),
        (3, "files", "3 files"),
    ],
)
def test_amounts_are_said_in_binary_units(number: int, unit: str, expected: str) -> None:
    assert amount(number, unit) == expected


def test_a_clock_counts_minutes_on() -> None:
    assert [clock(0), clock(67.9), clock(3600)] == ["00:00", "01:07", "60:00"]


def test_bytes_that_move_show_bar_rate_and_time_left() -> None:
    event = events.Progress("base", 50 << 20, 100 << 20)
    assert moving(event, 5.0) == f"[{'█' * 10}{'░' * 10}] 50.0 MiB of 100.0 MiB  10.0 MiB/s  00:05 left"


def test_a_download_that_goes_on_has_the_rate_of_what_moved_now() -> None:
    event = events.Progress("base", 90 << 20, 100 << 20)
    bar = f"[{'█' * 18}{'░' * 2}] 90.0 MiB of 100.0 MiB"
    assert moving(event, 5.0, first=80 << 20) == f"{bar}  2.0 MiB/s  00:05 left"
    assert moving(event, 5.0, first=90 << 20) == bar


def test_what_is_counted_has_no_rate() -> None:
    event = events.Progress("virt-sysprep", 5, 10, "operations")
    assert moving(event, 5.0) == f"[{'█' * 10}{'░' * 10}] 5 operations of 10 operations"


def test_without_a_terminal_the_rate_begins_with_the_first_event_of_what_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    out = io.StringIO()
    with Progress.on(out) as progress:
        progress.show(events.StepStarted("base"))
        progress.show(events.Progress("base", 8, 8, "stages"))
        for seconds, done in ((0, 500 << 20), (20, 540 << 20), (20, 10 << 20), (20, 30 << 20)):
            now += seconds
            progress.show(events.Progress("base", done, None))
    rates = [line.partition("MiB  ")[2] for line in out.getvalue().splitlines()[1:]]
    assert rates == ["2.0 MiB/s", "", "1.0 MiB/s"]


def test_an_unknown_total_shows_no_bar() -> None:
    assert moving(events.Progress("base", 1 << 20, None), 0.0) == "1.0 MiB"


def test_without_a_terminal_every_finished_step_is_one_plain_line() -> None:
    out = io.StringIO()
    with Progress.on(out) as progress:
        progress.show(events.StepStarted("seal"))
        progress.show(events.StepFinished("seal", 1.9, "612 MiB -> 198 MiB"))
        progress.show(events.MilestonePassed("clone 1", "kernel", 6.2))
        progress.show(events.Note("look", warning=True))
        progress.show(events.StepFailed("verify", 2.0, "no"))
    assert [line.split() for line in out.getvalue().splitlines()] == [
        ["✓", "seal", "612", "MiB", "->", "198", "MiB", "1.9", "s"],
        ["clone", "1:", "kernel", "after", "6", "s"],
        ["!", "look"],
        ["✗", "verify", "failed", "2.0", "s"],
    ]


def test_guest_text_cannot_steer_the_terminal() -> None:
    out = io.StringIO()
    with Progress.on(out) as progress:
        progress.show(events.Note("motd \x1b]0;owned\x07"))
    assert out.getvalue() == "  · motd \\x1b]0;owned\\x07\n"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[IO[str], Callable[[str], str]]]:
    """A stream that is a terminal, and what reads its other end until a text has come."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    ours, theirs = os.openpty()
    os.set_blocking(ours, False)

    def read_until(text: str) -> str:
        seen, deadline = b"", time.monotonic() + 20
        while text not in seen.decode("utf-8", "replace"):
            assert time.monotonic() < deadline, seen
            with suppress(BlockingIOError):
                seen += os.read(ours, 1 << 16)
            time.sleep(0.02)
        return seen.decode("utf-8", "replace")

    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield stream, read_until
    os.close(ours)


def test_on_a_terminal_the_running_step_is_a_living_line(terminal: tuple[IO[str], Callable[[str], str]]) -> None:
    stream, read_until = terminal
    with Progress.on(stream) as progress:
        progress.show(events.StepStarted("base"))
        assert "one moment" in read_until("  00:00")
        progress.show(events.Progress("base", 10 << 20, 100 << 20))
        bar = f"[{'█' * 2}{'░' * 18}] 10.0 MiB of 100.0 MiB"
        assert "base" in read_until(bar)
        progress.show(events.StepFinished("base", 1.0, "in the cache"))
        assert "✓ base" in read_until("in the cache")
        progress.show(events.StepStarted("verify"))
        progress.show(events.MilestonePassed("clone-1", "kernel", 6.2))
        read_until("clone-1: kernel 00:0")
    stream.write("after\n")
    stream.flush()
    # The line is erased at the end: what follows stands alone.
    assert "\x1b[2Kafter" in read_until("after")
