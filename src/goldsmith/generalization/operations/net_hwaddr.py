"""Interface configurations of the RHEL family that are bound to one network card."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "net-hwaddr"


@operation(
    NAME,
    covers="HWADDR in ifcfg files",
    roots=("/etc/sysconfig/network-scripts",),
    upstream="virt-sysprep net-hwaddr (not on Rocky)",
)
def plan(view: View) -> Iterator[Change]:
    """HWADDR says which card the file is for. MACADDR gives a card an address: that is configuration, and stays."""
    for entry in view.find("/etc/sysconfig/network-scripts/ifcfg-*"):
        if entry.is_regular:
            yield from view.keep_lines(
                entry, lambda line: not line.startswith("HWADDR="), NAME, "binds the interface to the build's card"
            )
