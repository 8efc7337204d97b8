"""GS412: the machine-id is valid, and this clone's own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, tree_rule
from goldsmith.rules.facts import Facts

EXPECTED = "a machine-id made by this boot"
_VALID = re.compile(r"(?!0{32})[0-9a-f]{32}")
# machine-id(5): both make the boot a first boot, and systemd fills it.
UNSET = frozenset({None, "", "uninitialized"})


@tree_rule("GS412", "machine-id", why="Leases, journals and D-Bus go by it: clones that share it are one machine.")
def machine_id(case: CloneCase, facts: Facts) -> Iterator[Judgment]:
    sealed, seen = case.sealed.machine_id, facts.machine_id
    if sealed not in UNSET:
        yield fails(
            EXPECTED,
            f"{sealed} is in the sealed image",
            f"machine-id {sealed} was sealed into the image: all clones share it",
            hint="generalize with machine-id",
        )
    elif seen is None or not _VALID.fullmatch(seen):
        yield fails(EXPECTED, seen or "none", f"the boot left no valid machine-id: {seen or 'none'}")
    elif facts.dbus_machine_id not in {None, seen}:
        message = f"D-Bus has another machine-id: {facts.dbus_machine_id}"
        yield fails(
            EXPECTED, f"D-Bus: {facts.dbus_machine_id}", message, hint="/var/lib/dbus/machine-id is to be a link"
        )
    else:
        yield holds(EXPECTED, seen)
