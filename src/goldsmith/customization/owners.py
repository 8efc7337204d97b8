"""Names of users and groups, by the guest's own files."""

from __future__ import annotations

from goldsmith.errors import BuildError
from goldsmith.guest.guest import Guest


def user_id(guest: Guest, user: str | int | None, *, step: str) -> int | None:
    """The numeric id of a user; None stays None. Raises BuildError where the guest does not know the user."""
    return _lookup(guest, "/etc/passwd", "user", user, step)


def group_id(guest: Guest, group: str | int | None, *, step: str) -> int | None:
    """The numeric id of a group; None stays None. Raises BuildError where the guest does not know the group."""
    return _lookup(guest, "/etc/group", "group", group, step)


def _lookup(guest: Guest, database: str, kind: str, name: str | int | None, step: str) -> int | None:
    if name is None or isinstance(name, int):
        return name
    if name == "root":
        return 0
    try:
        lines = guest.read(database).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        lines = []
    for line in lines:
        fields = line.split(":")
        if len(fields) > 2 and fields[0] == name and fields[2].isdecimal():
            return int(fields[2])
    raise BuildError(
        f"{step}: the guest has no {kind} {name}",
        hint=f"an earlier step has to make it; or give the {kind} by number",
    )
