"""What libblkid remembers of the build host's disks."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.generalization.operation import operation, roots_of
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "blkid-tab"
PATHS = ("/etc/blkid/blkid.tab*", "/etc/blkid.tab*", "/var/run/blkid/blkid.tab*", "/var/run/blkid.tab*")


@operation(NAME, covers="blkid.tab", roots=roots_of(PATHS), upstream="virt-sysprep blkid-tab")
def plan(view: View) -> Iterator[Change]:
    """Links stay: in Debian and Fedora of old /etc/blkid.tab leads to /dev/.blkid.tab."""
    for entry in view.find(*PATHS):
        if not entry.is_link:
            yield from view.remove(entry, NAME, "the disks that were seen while building")
