"""What systemd says on a console of units that failed."""

from __future__ import annotations

import re
from pathlib import Path

from goldsmith.findings import printable
from goldsmith.machine.console import plain

LINE_LIMIT = 4096
# Of a longer console, in bytes, the rest is not looked at: it repeats itself.
LIMIT = 64 << 20
MOST = 100
# By name where systemd shows names (`sshd.service - OpenSSH…`), else by description; cut to the console's width.
_FAILED = re.compile(r"\[FAILED\] (?:Failed to (?:start|mount|listen on|activate|set up)|Timed out \w+) (.{1,200})")


def failed_units(console: Path) -> tuple[str, ...]:
    """The names, each once; none where there is no console."""
    found: dict[str, None] = {}
    try:
        with console.open("rb") as file:
            while (line := file.readline(LINE_LIMIT)) and len(found) < MOST and file.tell() < LIMIT:
                match = _FAILED.search(plain(line))
                if match is not None:
                    found[printable(match[1].rstrip(". \r\n").partition(" - ")[0])] = None
    except FileNotFoundError:
        return ()
    return tuple(found)
