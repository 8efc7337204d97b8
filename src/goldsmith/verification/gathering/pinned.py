"""Network configuration that names a hardware address."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import printable
from goldsmith.rules.system import Pinned
from goldsmith.verification.gathering.tree import Tree

# Folders of configuration, and the names in them that are read.
PLACES = {
    "/etc/netplan": r".*\.ya?ml",
    "/etc/systemd/network": r".*\.(?:network|link|netdev)",
    "/etc/NetworkManager/system-connections": r".*",
    "/etc/sysconfig/network-scripts": r"ifcfg-.*",
    "/etc/sysconfig/network": r"ifcfg-.*",
    "/etc/network": r"interfaces",
    "/etc/network/interfaces.d": r".*",
    "/etc/udev/rules.d": r".*\.rules",
}
LIMIT = 1 << 20
MOST = 100
_ADDRESS = re.compile(
    r"(?<![0-9a-fA-F:-])[0-9a-fA-F]{2}(?:([:-])[0-9a-fA-F]{2})(?:\1[0-9a-fA-F]{2}){4}(?![0-9a-fA-F:-])"
)
# No machine has these, and patterns of udev's rules name them.
_NOBODYS = frozenset({"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"})


def pinned(tree: Tree) -> tuple[Pinned, ...]:
    """Each file once, with the first address that it names; comments do not count."""
    return tuple(_pinned(tree))[:MOST]


def _pinned(tree: Tree) -> Iterator[Pinned]:
    for folder, names in PLACES.items():
        for entry in tree.children(folder):
            if entry.is_regular and entry.size <= LIMIT and re.fullmatch(names, entry.name):
                address = address_in(tree.text(entry.path, LIMIT) or "")
                if address is not None:
                    yield Pinned(printable(entry.path), address)


def address_in(text: str) -> str | None:
    for line in text.splitlines():
        for match in _ADDRESS.finditer(line.partition("#")[0]):
            address = match[0].lower().replace("-", ":")
            if address not in _NOBODYS:
                return address
    return None
