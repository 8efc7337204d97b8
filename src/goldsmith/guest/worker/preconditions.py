"""Whether a guest is still what planning saw. One meaning for every engine. Pure."""

from __future__ import annotations

from collections.abc import Callable

from goldsmith.errors import ConflictError
from goldsmith.findings import printable
from goldsmith.guest.change import Change
from goldsmith.guest.index import Entry


def check(change: Change, before: Entry | None, digest: Callable[[], str]) -> None:
    """Raises ConflictError unless `before`, what is at the path now, is what the change saw there.

    `digest` gives the SHA-256 of the regular file's content; it is asked only where the change depends on it.
    """
    seen = change.seen
    if before is None:
        if seen.type is not None:
            raise conflict(change, f"the {seen.type} that was seen there is gone")
        return
    if seen.type is None:
        raise conflict(change, f"nothing was seen there, now a {before.type} is")
    if before.type is not seen.type:
        raise conflict(change, f"a {seen.type} was seen there, now a {before.type} is")
    if seen.inode and before.inode != seen.inode:
        raise conflict(change, f"another {before.type} has taken its place")
    if seen.digest is not None and before.is_regular and digest() != seen.digest:
        raise conflict(change, "its content is not what was seen")


def conflict(change: Change, why: str) -> ConflictError:
    """The error of a change whose precondition does not hold."""
    return ConflictError(
        f"{change.operation} cannot change {printable(change.path)} in the guest: {why}",
        hint="the guest changed between planning and applying: plan again",
    )
