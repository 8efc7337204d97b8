"""Excerpts of consoles: what of a log fits into a page."""

from __future__ import annotations

from html import escape
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from goldsmith.verification.report import console
from goldsmith.verification.report.console import MARKUP, excerpt, read_excerpt


def test_a_log_that_fits_is_whole() -> None:
    shown = excerpt(b"one\r\ntwo\r\r\n\r\nthree\x1b[0m\n", 10_000)
    assert [(line.number, line.text) for line in shown.lines] == [(1, "one"), (2, "two"), (3, ""), (4, "three")]
    assert shown.omitted == ""


def test_the_middle_of_a_long_log_is_left_out_and_numbers_stay() -> None:
    shown = excerpt(b"".join(b"line %d\n" % number for number in range(1, 1001)), 30 * (MARKUP + 10))
    assert shown.head[0].text == "line 1"
    assert shown.tail[-1].text == "line 1000"
    assert all(line.text == f"line {line.number}" for line in shown.lines)
    assert shown.omitted == f"{1000 - len(shown.lines)} lines"
    assert len(shown.tail) > len(shown.head) > 5


def test_a_very_long_line_is_cut() -> None:
    (line,) = excerpt(b"x" * 1_000_000, 10_000).lines
    assert line.text == "x" * 1000 + " … 999000 more"


@given(st.binary(max_size=400), st.integers(0, 2000))
def test_an_excerpt_is_printable_and_takes_no_more_than_its_room(log: bytes, room: int) -> None:
    shown = excerpt(log, room)
    assert all(line.text.isprintable() for line in shown.lines)
    assert sum(len(escape(line.text).encode()) + MARKUP for line in shown.lines) <= room
    assert [line.number for line in shown.lines] == sorted({line.number for line in shown.lines})


def test_of_a_huge_log_both_ends_are_read(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file:
        file.write(b"begin\n" + b"x\n" * 1000)
        file.truncate(3 * console.READ_BYTES)
        file.seek(0, 2)
        file.write(b"\nend\n")
    shown = read_excerpt(log, 5000)
    assert shown is not None
    assert shown.head[0].text == "begin"
    assert shown.tail[-1].text == "end"
    assert shown.omitted == f"the middle of {3 * console.READ_BYTES + 5} bytes"


def test_a_log_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert read_excerpt(tmp_path / "log", 100) is None
