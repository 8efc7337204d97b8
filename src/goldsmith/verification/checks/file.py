"""A file on a clone's disk: whether it exists, what is in it, whose it is. Read offline, after the clone's end."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from goldsmith.errors import BuildError
from goldsmith.findings import printable
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import MAX_LINKS, Entry, Index
from goldsmith.guest.paths import KERNEL_DIRECTORIES
from goldsmith.recipe.check import ANY_TEXT, FileCheck
from goldsmith.rules.check_result import CheckResult, as_asked, not_seen, otherwise
from goldsmith.verification.check import looks_for
from goldsmith.verification.text import missed

# Bytes. More of a file is not read.
LIMIT = 16 << 20
NAMES = {"owner": "/etc/passwd", "group": "/etc/group"}


@looks_for(FileCheck)
def look(check: FileCheck, guest: Guest) -> Iterator[CheckResult]:
    """One result. What lies behind a link into /run or the like was in the memory of the clone: not seen."""
    entry, place = _found(guest, check.path)
    if entry is None and place.startswith(tuple(f"{each}/" for each in KERNEL_DIRECTORIES)):
        yield not_seen(check, f"it is a link to {printable(place)}, which is on no disk: use a command")
    elif check.absent:
        yield as_asked(check, "absent") if entry is None else otherwise(check, _what(entry), "it exists")
    elif entry is None:
        yield otherwise(check, "absent", "it does not exist")
    else:
        yield _compared(check, entry, guest)


def _compared(check: FileCheck, entry: Entry, guest: Guest) -> CheckResult:
    wrong = list(_attributes(check, entry, guest))
    if check.text != ANY_TEXT:
        if not entry.is_regular:
            wrong.append(f"it is a {entry.type.value}, which has no text")
        else:
            try:
                content = guest.read(entry.path, LIMIT)
            except (BuildError, FileNotFoundError) as error:
                return not_seen(check, f"it could not be read: {error}")
            wrong += [f"it {each}" for each in missed(check.text, content)]
    seen = _what(entry)
    return otherwise(check, seen, ", ".join(wrong)) if wrong else as_asked(check, seen)


def _attributes(check: FileCheck, entry: Entry, guest: Guest) -> Iterator[str]:
    if check.mode is not None and check.mode != entry.mode:
        yield f"its mode is {entry.mode:04o}, not {check.mode:04o}"
    for what, wanted, number in (("owner", check.owner, entry.uid), ("group", check.group, entry.gid)):
        if wanted is not None and wanted != number and _ids(guest, NAMES[what]).get(str(wanted)) != number:
            yield f"its {what} is {number}, not {wanted}"


def _ids(guest: Guest, path: str) -> dict[str, int]:
    """Names and numbers of /etc/passwd or /etc/group."""
    try:
        lines = guest.read(path, LIMIT).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return {}
    fields = (line.split(":") for line in lines)
    return {each[0]: int(each[2]) for each in fields if len(each) > 2 and each[2].isdecimal() and len(each[2]) < 12}


def _what(entry: Entry) -> str:
    """No content: it may be a secret, and evidence is kept."""
    size = f" of {entry.size} bytes" if entry.is_regular else ""
    return f"{entry.type.value}{size}, mode {entry.mode:04o}, owner {entry.uid}, group {entry.gid}"


def _found(guest: Guest, path: str) -> tuple[Entry | None, str]:
    """What a path leads to inside the guest, and its place; a listing holds only what was asked for, so the target of
    each link on the way is asked for in turn.
    """
    for _ in range(MAX_LINKS):
        index = guest.index((path,))
        place = index.resolve(path)
        if place is not None:
            return index[place], place
        beyond = _next(index, path)
        if beyond is None:
            return None, path
        path = beyond
    return None, path


def _next(index: Index, path: str) -> str | None:
    """The path with the first link on its way replaced by what that leads to; None where there is none."""
    parts = [part for part in path.split("/") if part]
    for number in range(len(parts)):
        here = "/" + "/".join(parts[: number + 1])
        entry = index.get(here)
        if entry is not None and entry.is_link and entry.target is not None:
            target = posixpath.join(posixpath.dirname(here), entry.target, *parts[number + 1 :])
            return "/" + posixpath.normpath(target).lstrip("/")
    return None
