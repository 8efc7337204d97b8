"""What systemd says on a console of units that failed: of early ones no journal tells, because it came later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from goldsmith.errors import BuildError
from goldsmith.findings import printable
from goldsmith.guest.guest import Guest
from goldsmith.machine.console import plain

LINE_LIMIT = 4096
# Of a longer console, in bytes, the rest is not looked at: it repeats itself.
LIMIT = 64 << 20
MOST = 100
FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
MOST_UNITS, UNIT_LIMIT = 2000, 1 << 16
_FAILED = re.compile(r"\[FAILED\] (?:Failed to (?:start|mount|listen on|activate|set up)|Timed out \w+) (.{1,200})")
_OK = re.compile(r"\[  OK  \] (?:Started|Finished|Mounted|Listening on|Activated|Set up) (.{1,200})")
_UNIT = re.compile(r"[\w@:.\\-]+\.(?:service|socket|mount|swap|target|timer|path|device|automount|slice|scope)")
CUT = "…"


def failed_units(console: Path) -> tuple[str, ...]:
    """The units in the words of the console, each once, without those that started later; none without a console.

    Those words are a name (`sshd.service`), a description (EL), or either cut in its middle to the console's width.
    """
    found: dict[str, None] = {}
    try:
        with console.open("rb") as file:
            while (line := file.readline(LINE_LIMIT)) and file.tell() < LIMIT:
                text = plain(line)
                if (failed := _FAILED.search(text)) is not None and len(found) < MOST:
                    found[_words(failed[1])] = None
                elif (started := _OK.search(text)) is not None:
                    found.pop(_words(started[1]), None)
    except FileNotFoundError:
        return ()
    return tuple(found)


def named(guest: Guest, said: tuple[str, ...]) -> tuple[str, ...]:
    """The units' names where the guest's unit files tell them; what no file tells stays as it was said."""
    if all(_UNIT.fullmatch(each) for each in said):
        return said
    try:
        known = dict(_descriptions(guest))
    except (BuildError, FileNotFoundError):
        return said
    return tuple(dict.fromkeys(_name(each, known) for each in said))


def _words(text: str) -> str:
    return printable(text.rstrip(". \r\n").partition(" - ")[0])


def _name(said: str, known: dict[str, str]) -> str:
    if _UNIT.fullmatch(said):
        return said
    begin, cut, end = said.partition(CUT)
    for name, description in known.items():
        full = f"{name} - {description}"
        for form in (full, description, name):
            if said == form or (cut and form.startswith(begin) and form.endswith(end)):
                return name
    return said


def _descriptions(guest: Guest) -> Iterator[tuple[str, str]]:
    index = guest.index(FOLDERS)
    seen = set[str]()
    for folder in FOLDERS:
        canonical = index.resolve(folder)
        for entry in index.children(canonical) if canonical is not None else ():
            if not _UNIT.fullmatch(entry.name) or entry.name in seen or len(seen) >= MOST_UNITS:
                continue
            seen.add(entry.name)
            if entry.is_regular and entry.size <= UNIT_LIMIT:
                text = guest.read(entry.path, UNIT_LIMIT).decode("utf-8", "replace")
                match = re.search(r"^Description=(.*)$", text, re.MULTILINE)
                yield entry.name, match[1].strip() if match is not None else entry.name
