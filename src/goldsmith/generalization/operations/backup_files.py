"""Backup copies that editors and maintenance jobs leave beside and away from the files themselves."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "backup-files"
TREES = ("/etc", "/root", "/srv", "/tmp", "/var")


@operation(
    NAME,
    covers="*.bak and *~ in /etc, /root, /srv, /tmp, /var; Debian's daily copies in /var/backups",
    roots=TREES,
    upstream="virt-sysprep backup-files",
)
def plan(view: View) -> Iterator[Change]:
    """Upstream's five trees and two names. Debian's dpkg-db-backup keeps copies of the package database in
    /var/backups, and older releases kept passwd and shadow there.
    """
    for tree in view.find(*TREES):
        for entry in view.index.below(tree.path):
            if entry.path.endswith((".bak", "~")) and entry.is_regular:
                yield from view.remove(entry, NAME, "a backup copy")
    yield from view.remove_files(("/var/backups",), NAME, "a copy of a system database")
