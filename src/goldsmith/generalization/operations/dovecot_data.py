"""State of the mail server Dovecot."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "dovecot-data"


@operation(NAME, covers="files in /var/lib/dovecot", roots=("/var/lib/dovecot",), upstream="virt-sysprep dovecot-data")
def plan(view: View) -> Iterator[Change]:
    """The files directly in the directory (instances, TLS parameters), as upstream."""
    for entry in view.find("/var/lib/dovecot/*"):
        if not entry.is_directory:
            yield from view.remove(entry, NAME, "state of the build's Dovecot")
