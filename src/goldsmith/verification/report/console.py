"""A console log as numbered lines for a page: without escape sequences, printable, and cut in the middle."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from goldsmith.findings import printable
from goldsmith.machine.console import plain

# Bytes of a log that are looked at, from each end: more never fits into a page.
READ_BYTES = 1 << 20
LINE_LENGTH = 1000
# What the markup of one line adds, in bytes.
MARKUP = 48


@dataclass(frozen=True, slots=True)
class Line:
    """`number` counts from 1, as the log's lines do."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The begin and, where something had to be left out, the end of a log; `omitted` tells how much in words."""

    head: tuple[Line, ...]
    tail: tuple[Line, ...] = ()
    omitted: str = ""

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.head + self.tail


def excerpt(log: bytes, room: int) -> Excerpt:
    """As much of a log as takes at most `room` bytes of a page: a third from its begin, the rest from its end."""
    lines = tuple(Line(number, text) for number, text in enumerate(_lines(log), 1))
    if _taken(lines) <= room:
        return Excerpt(lines)
    head = tuple(_fitting(lines, room // 3))
    tail = tuple(_fitting(reversed(lines[len(head) :]), room - room // 3))[::-1]
    return Excerpt(head, tail, f"{len(lines) - len(head) - len(tail)} lines")


def read_excerpt(log: Path, room: int) -> Excerpt | None:
    """The same of a file, of which only both ends are read where it is long. None where it cannot be read."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            if size <= 2 * READ_BYTES:
                return excerpt(file.read(2 * READ_BYTES), room)
            begin = excerpt(file.read(READ_BYTES), room // 3)
            file.seek(size - READ_BYTES)
            end = excerpt(file.read(READ_BYTES), room - room // 3)
    except OSError:
        return None
    first = len(begin.lines) + 1
    renumbered = tuple(Line(number, line.text) for number, line in enumerate(end.tail or end.head, first))
    return Excerpt(begin.head, renumbered, f"the middle of {size} bytes")


def _lines(log: bytes) -> Iterator[str]:
    # A carriage return within a line overwrites it on a terminal; here what it overwrote is shown too.
    for line in re.split(rb"\r*\n|\r+", log.rstrip(b"\r\n")):
        text = plain(line).expandtabs().rstrip()
        cut = f"{text[:LINE_LENGTH]} … {len(text) - LINE_LENGTH} more" if len(text) > LINE_LENGTH else text
        yield printable(cut)


def _taken(lines: Iterable[Line]) -> int:
    return sum(map(_size, lines))


def _size(line: Line) -> int:
    return len(escape(line.text).encode()) + MARKUP


def _fitting(lines: Iterable[Line], room: int) -> Iterator[Line]:
    for line in lines:
        room -= _size(line)
        if room < 0:
            return
        yield line
