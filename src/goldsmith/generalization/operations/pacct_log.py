"""Process accounting."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "pacct-log"


@operation(
    NAME,
    covers="process accounting",
    roots=("/var/account", "/var/log/account"),
    upstream="virt-sysprep pacct-log (not on Rocky, AlmaLinux, Amazon)",
)
def plan(view: View) -> Iterator[Change]:
    """Older files go; pacct itself is emptied, for the kernel appends to a file that exists."""
    for entry in view.find("/var/account/pacct*", "/var/log/account/pacct*"):
        if entry.name == "pacct" and entry.is_regular:
            yield from view.truncate(entry, NAME, "programs that ran while building")
        elif not entry.is_directory:
            yield from view.remove(entry, NAME, "programs that ran while building")
