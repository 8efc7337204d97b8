"""Names that interface configurations of the RHEL family send to DHCP servers."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "net-hostname"


@operation(
    NAME,
    covers="HOSTNAME and DHCP_HOSTNAME in ifcfg files",
    roots=("/etc/sysconfig/network-scripts",),
    upstream="virt-sysprep net-hostname (not on Rocky)",
)
def plan(view: View) -> Iterator[Change]:
    """The lines go, the file stays. ifcfg files mean the same on every distribution that has them."""
    for entry in view.find("/etc/sysconfig/network-scripts/ifcfg-*"):
        if entry.is_regular:
            yield from view.keep_lines(
                entry,
                lambda line: not line.startswith(("HOSTNAME=", "DHCP_HOSTNAME=")),
                NAME,
                "a name that clones would all ask for",
            )
