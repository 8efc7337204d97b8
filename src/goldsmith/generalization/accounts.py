"""Accounts of people: who they are, and the changes that take them out of every database that names them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from goldsmith.generalization.homes import is_plausible
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change
from goldsmith.guest.index import Entry

PASSWD = "/etc/passwd"
LOGIN_DEFS = "/etc/login.defs"
# Databases whose lines begin with an account's name.
DATABASES = (PASSWD, "/etc/shadow", "/etc/subuid", "/etc/subgid")
GROUPS = ("/etc/group", "/etc/gshadow")
SUDOERS = "/etc/sudoers.d"
ROOTS_HOME = "/root"
# What is named after an account: its mail, crontab and mark of lingering.
NAMED = ("/var/mail", "/var/spool/mail", "/var/spool/cron", "/var/spool/cron/crontabs", "/var/lib/systemd/linger")
ACCOUNT_ROOTS = (LOGIN_DEFS, *DATABASES, *GROUPS, SUDOERS, *NAMED)


@dataclass(frozen=True, slots=True)
class Account:
    """One line of passwd; `home` is canonical, None where there is none of its own."""

    name: str
    uid: int
    home: str | None


def people(view: View) -> tuple[Account, ...]:
    """The accounts from UID_MIN to UID_MAX of login.defs; none whose name is also that of an account of the system."""
    bounds = range(_bound(view, "UID_MIN", 1000), _bound(view, "UID_MAX", 60000) + 1)
    accounts = _accounts(view)
    systems = {account.name for account in accounts if account.uid not in bounds}
    return tuple(account for account in accounts if account.uid in bounds and account.name not in systems)


def remove_accounts(view: View, names: Collection[str], operation: str, reason: str) -> Iterator[Change]:
    """Take accounts out of the databases, with their groups, sudo rules, homes, mail, crontabs and marks of lingering.

    A home that another account lives in, or below, stays.
    """
    if not names:
        return
    accounts = _accounts(view)
    for entry in view.find(*DATABASES):
        yield from view.keep_lines(entry, lambda line: line.split(":")[0] not in names, operation, reason)
    for entry in view.find(*GROUPS):
        if view.read(entry.path) is not None:
            lines = [_without(line, names) for line in view.lines(entry.path) if line.split(":")[0] not in names]
            content = "".join(lines).encode("utf-8", "surrogateescape")
            yield from view.rewrite(entry, content, operation, reason)
    for entry in view.find(f"{SUDOERS}/*"):
        yield from _sudoers(view, entry, names, operation, reason)
    doomed = {account.home for account in accounts if account.name in names}
    others = [account.home for account in accounts if account.name not in names and account.home is not None]
    for home in view.homes:
        shared = any(other == home or other.startswith(f"{home}/") for other in others)
        if home in doomed and home != ROOTS_HOME and not shared:
            yield from view.remove(view.index[home], operation, reason)
    for directory in view.find(*NAMED):
        for entry in view.index.children(directory.path):
            if entry.name in names and not entry.is_directory:
                yield from view.remove(entry, operation, reason)


def _accounts(view: View) -> tuple[Account, ...]:
    lines = [line.rstrip("\n").split(":") for line in view.lines(PASSWD)]
    return tuple(
        Account(fields[0], int(fields[2]), view.index.resolve(fields[5]) if is_plausible(fields[5]) else None)
        for fields in lines
        if len(fields) == 7 and re.fullmatch(r"[0-9]{1,10}", fields[2])
    )


def _sudoers(view: View, entry: Entry, names: Collection[str], operation: str, reason: str) -> Iterator[Change]:
    """A file that only speaks of accounts that go, goes: it would give root to whoever takes the name later. One with
    continued lines is left alone.
    """
    if not entry.is_regular:
        return
    lines = view.lines(entry.path)
    if any(line.rstrip("\n").endswith("\\") for line in lines):
        return
    kept = [line for line in lines if line.split(None, 1)[:1] == [] or line.split(None, 1)[0] not in names]
    if len(kept) == len(lines):
        return
    if any(line.strip() and not re.match(r"\s*#(?!\s*include|\d)", line) for line in kept):
        yield from view.keep_lines(entry, kept.__contains__, operation, reason)
    else:
        yield from view.remove(entry, operation, reason)


def _without(line: str, names: Collection[str]) -> str:
    """A line of group or gshadow without members that go."""
    fields = line.rstrip("\n").split(":")
    if len(fields) != 4:
        return line
    for number in (2, 3):
        fields[number] = ",".join(name for name in fields[number].split(",") if name not in names)
    return ":".join(fields) + line[len(line.rstrip("\n")) :]


def _bound(view: View, name: str, default: int) -> int:
    found = [re.fullmatch(rf"\s*{name}\s+([0-9]{{1,10}})\s*", line) for line in view.lines(LOGIN_DEFS)]
    return next((int(match[1]) for match in reversed(found) if match), default)
