"""Accounts of people."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.homes import is_plausible
from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "user-account"
REASON = "an account of the build"
LOGIN_DEFS = "/etc/login.defs"
# Databases whose lines begin with an account's name.
DATABASES = ("/etc/passwd", "/etc/shadow", "/etc/subuid", "/etc/subgid")
GROUPS = ("/etc/group", "/etc/gshadow")
ROOTS = "/root"
# What is named after an account: its mail, crontab and mark of lingering.
NAMED = ("/var/mail", "/var/spool/mail", "/var/spool/cron", "/var/spool/cron/crontabs", "/var/lib/systemd/linger")


@operation(
    NAME,
    covers="accounts of people with their homes, groups, mail, crontabs and subordinate ids",
    roots=(LOGIN_DEFS, *DATABASES, *GROUPS, *NAMED),
    upstream="virt-sysprep user-account (which leaves gshadow, subuid, subgid, memberships, crontabs, lingering)",
    default=False,
    severity=Severity.ERROR,
)
def plan(view: View) -> Iterator[Change]:
    """UID_MIN to UID_MAX of login.defs are people. An account stays whose home a `keep` or the recipe spares."""
    bounds = range(_bound(view, "UID_MIN", 1000), _bound(view, "UID_MAX", 60000) + 1)
    accounts = [line.rstrip("\n").split(":") for line in view.lines("/etc/passwd") if line.count(":") == 6]
    doomed = {
        fields[0]: home
        for fields in accounts
        if re.fullmatch(r"[0-9]{1,10}", fields[2]) and int(fields[2]) in bounds
        for home in [_home(view, fields)]
        if not (home and view.spares(home))
    }
    if not doomed:
        return
    for entry in view.find(*DATABASES):
        yield from view.keep_lines(entry, lambda line: line.split(":")[0] not in doomed, NAME, REASON)
    for entry in view.find(*GROUPS):
        if view.read(entry.path) is not None:
            lines = [_without(line, doomed) for line in view.lines(entry.path) if line.split(":")[0] not in doomed]
            content = "".join(lines).encode("utf-8", "surrogateescape")
            yield from view.rewrite(entry, content, NAME, REASON)
    others = [home for fields in accounts if fields[0] not in doomed and (home := _home(view, fields))]
    for home in view.homes:
        shared = any(other == home or other.startswith(f"{home}/") for other in others)
        if home in doomed.values() and home != ROOTS and not shared:
            yield from view.remove(view.index[home], NAME, REASON)
    for directory in view.find(*NAMED):
        for entry in view.index.children(directory.path):
            if entry.name in doomed and not entry.is_directory:
                yield from view.remove(entry, NAME, REASON)


def _home(view: View, fields: list[str]) -> str | None:
    """An account's home, canonical; None where there is none of its own."""
    return view.index.resolve(fields[5]) if is_plausible(fields[5]) else None


def _without(line: str, doomed: dict[str, str | None]) -> str:
    """A line of group or gshadow without members that go."""
    fields = line.rstrip("\n").split(":")
    if len(fields) != 4:
        return line
    for number in (2, 3):
        fields[number] = ",".join(name for name in fields[number].split(",") if name not in doomed)
    return ":".join(fields) + line[len(line.rstrip("\n")) :]


def _bound(view: View, name: str, default: int) -> int:
    found = [re.fullmatch(rf"\s*{name}\s+([0-9]{{1,10}})\s*", line) for line in view.lines(LOGIN_DEFS)]
    return next((int(match[1]) for match in reversed(found) if match), default)
