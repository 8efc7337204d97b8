"""Recorded consoles of several distributions, and what is read in each: `NAME.log` and, expected, `NAME.txt`."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith.machine.cause import FoundCause, leading, registered
from goldsmith.machine.milestones import Milestone
from goldsmith.machine.scanner import Scanner

CONSOLES = Path(__file__).with_name("consoles")
NAMES = sorted(path.stem for path in CONSOLES.glob("*.log"))
# They have no line of their own.
FOUND_OTHERWISE = {"silent-console", "host-disk-full"}


def show(console: bytes) -> str:
    """Milestones in the order in which they were passed, then causes; the leading one last."""
    scanner = Scanner()
    up: dict[tuple[int, Milestone], float | None] = {}
    for seen in (*scanner.feed(console), *scanner.finish()):
        place = (seen.boot, seen.milestone)
        up[place] = seen.up if seen.up is not None else up.get(place)
    lines = [
        f"{boot} {milestone}" + (f" up {seconds}" if seconds is not None else "")
        for (boot, milestone), seconds in up.items()
    ]
    causes = tuple(scanner.causes)
    lines += [f"{each.boot} {'dead end' if each.ends else 'notice'} {each.name}: {each.cause}" for each in causes]
    lines += [f"  {each.line}" for each in leading(causes)[:1]]
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("name", NAMES)
def test_console(name: str) -> None:
    assert show((CONSOLES / f"{name}.log").read_bytes()) == (CONSOLES / f"{name}.txt").read_text(encoding="utf-8")


def test_each_recording_has_what_is_expected_of_it_and_is_told_of() -> None:
    assert sorted(path.stem for path in CONSOLES.glob("*.txt")) == NAMES
    readme = (CONSOLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}.log`" not in readme] == []


def test_every_cause_is_in_a_recording() -> None:
    found = {each.name for name in NAMES for each in seen_in(name)}
    assert {each.name for each in registered()} - found == FOUND_OTHERWISE


def seen_in(name: str) -> tuple[FoundCause, ...]:
    """Every cause that a console showed at any time, those that were over later included."""
    scanner = Scanner()
    shown: dict[str, FoundCause] = {}
    for line in (CONSOLES / f"{name}.log").read_bytes().splitlines(keepends=True):
        scanner.feed(line)
        shown |= {each.name: each for each in scanner.causes}
    return tuple(shown.values())
