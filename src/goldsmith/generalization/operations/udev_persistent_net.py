"""Interface names bound to the build machine's network cards."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.generalization.network import matches_a_card
from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "udev-persistent-net"
RULES = ("/etc/udev/rules.d/*persistent-net.rules*", "/etc/udev/rules.d/*-cloud-init*.rules")
LINKS = "/etc/systemd/network/*.link"
REASON = "binds an interface name to the build machine's card"


@operation(
    NAME,
    covers="udev rules and systemd's .link files that name interfaces by MAC address",
    roots=("/etc/udev/rules.d", "/etc/systemd/network"),
    upstream="virt-sysprep udev-persistent-net (which knows one file)",
)
def plan(view: View) -> Iterator[Change]:
    """A .link file goes where its [Match] asks for a MAC address; one that gives an address is configuration."""
    yield from view.remove_matching(RULES, NAME, REASON)
    for entry in view.find(LINKS):
        if entry.is_regular and matches_a_card(view.lines(entry.path)):
            yield from view.remove(entry, NAME, REASON)
