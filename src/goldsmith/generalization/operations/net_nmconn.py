"""NetworkManager's connection profiles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "net-nmconn"
PROFILES = "/etc/NetworkManager/system-connections"
# Profiles that only the build machine's card can use.
BOUND = re.compile(r"^\s*(mac-address|interface-name)\s*=\s*\S", re.MULTILINE)


@operation(
    NAME,
    covers="NetworkManager's profiles: all on the RHEL family, elsewhere those bound to one card",
    roots=(PROFILES,),
    upstream="virt-sysprep net-nmconn (not on Rocky)",
)
def plan(view: View) -> Iterator[Change]:
    """On the RHEL family the installer writes a profile for the build machine's card, and none is shipped: all go, as
    upstream, suffix or not. Elsewhere a profile may be part of the image: it goes only if it names a card.
    Profiles that the recipe wrote are declared, and so spared.
    """
    for entry in view.find(f"{PROFILES}/*"):
        content = (view.read(entry.path) or b"").decode("utf-8", "replace") if entry.is_regular else ""
        if not entry.is_directory and (view.info.family == "rhel" or BOUND.search(content)):
            yield from view.remove(entry, NAME, "a connection of the build machine")
