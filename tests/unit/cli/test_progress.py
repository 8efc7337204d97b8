from __future__ import annotations

import io

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
