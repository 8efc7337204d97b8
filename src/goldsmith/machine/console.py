"""A guest's console as text for people: without escape sequences, safe for a terminal.

A guest can print anything at any speed. Lines are the same however their bytes arrive, and memory stays bounded.
"""

from __future__ import annotations

import re
from pathlib import Path

from goldsmith.findings import printable

TAIL_BYTES = 64 * 1024
TAIL_LINES = 20
# Characters of a line that are shown, and bytes of one that are read at all.
LINE_LENGTH = 300
LINE_LIMIT = 4096

# ECMA-48: CSI with its parameters, OSC up to its end, two-byte escapes with an intermediate, other two-byte escapes.
# None of them goes over the end of a line. systemd cuts long lines in their middle, and a sequence that stands there.
_ESCAPES = re.compile(
    rb"\x1b(?:\[[0-?]{0,64}(?:[ -/]{0,8}[@-~]|(?=\xe2\x80\xa6))"
    rb"|\][^\x07\x1b\r\n]{0,512}(?:\x07|\x1b\\)|[ -/]{1,4}[0-~]|[0-Z\\^-~])"
)
# An escape sequence at the end whose rest may still come.
_OPEN_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]{0,64}(?:[ -/]{0,8}|\xe2\x80?)|\][^\x07\x1b\r\n]{0,512}\x1b?|[ -/]{0,4})\Z")
_TOO_LONG = re.compile(rb"([^\n]{%d})[^\n]+" % LINE_LIMIT)


class Lines:
    """Cuts a console that grows into lines. A carriage return ends one, too; of each only the first 4 KiB count."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def begun(self) -> str:
        """The line that has not ended yet, as far as it cannot change any more: where a prompt stands."""
        return plain(_OPEN_ESCAPE.sub(b"", self._rest))

    def feed(self, data: bytes) -> str:
        """The lines that newly appended bytes end, each with a line feed after it."""
        ended, feed, rest = data.replace(b"\r", b"\n").rpartition(b"\n")
        if not feed:
            self._rest = (self._rest + rest)[:LINE_LIMIT]
            return ""
        block = self._rest + ended + feed
        self._rest = rest[:LINE_LIMIT]
        return plain(_TOO_LONG.sub(rb"\1", block))

    def finish(self) -> str:
        """The last line, where the console ends without ending it."""
        return self.feed(b"\n")


def plain(text: bytes) -> str:
    """What a console printed, without escape sequences; what is not UTF-8 is replaced."""
    return _ESCAPES.sub(b"", text).replace(b"\x00", b"").decode("utf-8", "replace")


def shown(line: str) -> str:
    """A line safe for a terminal, and not too long."""
    return printable(line.strip()[:LINE_LENGTH])[:LINE_LENGTH]


def tail(console: Path, lines: int = TAIL_LINES) -> tuple[str, ...]:
    """The last lines that are not blank, printable and cut to 300 characters; nothing where there is no log yet."""
    try:
        with console.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            last = file.read(TAIL_BYTES)
    except FileNotFoundError:
        return ()
    every = (printable(plain(line).rstrip())[:LINE_LENGTH] for line in re.split(rb"[\r\n]+", last))
    return tuple(line for line in every if line)[-lines:]
