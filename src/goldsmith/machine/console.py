"""A guest's console as text for people: without escape sequences, safe for a terminal."""

from __future__ import annotations

import re
from pathlib import Path

from goldsmith.findings import printable

TAIL_BYTES = 16 * 1024
LINE_LENGTH = 300

# ECMA-48: CSI with its parameters, OSC up to its end, two-byte escapes with an intermediate, other two-byte escapes.
_ESCAPES = re.compile(
    rb"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,512}(?:\x07|\x1b\\)|[ -/]{1,4}[0-~]|[0-Z\\^-~])"
)


def plain(line: bytes) -> str:
    """A line of a console without escape sequences; what is not UTF-8 is replaced."""
    return _ESCAPES.sub(b"", line).replace(b"\x00", b"").decode("utf-8", "replace")


def tail(console: Path, lines: int = 12) -> tuple[str, ...]:
    """The last lines that are not blank, printable and cut to 300 characters; nothing where there is no log yet."""
    try:
        with console.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            last = file.read(TAIL_BYTES)
    except FileNotFoundError:
        return ()
    shown = (printable(plain(line).rstrip())[:LINE_LENGTH] for line in re.split(rb"[\r\n]+", last))
    return tuple(line for line in shown if line)[-lines:]
