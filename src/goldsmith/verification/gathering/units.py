"""The units that a boot starts by itself: links in folders `*.wants` and `*.requires`."""

from __future__ import annotations

from goldsmith.findings import printable
from goldsmith.verification.gathering.tree import Tree

FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
MOST = 2000


def enabled(tree: Tree) -> tuple[str, ...]:
    """Names of units, sorted. A unit that is masked (a link to /dev/null) does not count."""
    found, masked = set[str](), set[str]()
    for folder in FOLDERS:
        for entry in tree.children(folder):
            if entry.is_link and entry.target == "/dev/null":
                masked.add(entry.name)
            elif entry.is_directory and entry.name.endswith((".wants", ".requires")):
                found |= {each.name for each in tree.index.children(entry.path)}
    return tuple(sorted(printable(name) for name in found - masked)[:MOST])
