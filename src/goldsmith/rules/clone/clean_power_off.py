"""GS429: when the clone had powered off, its file systems were clean."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import UNSAID, Judgment, fails, holds, left_to_machines, tree_rule, unproven
from goldsmith.rules.facts import Facts

EXPECTED = "clean file systems after power-off"


@tree_rule("GS429", "clean-power-off", why="Clones that do not unmount when shut down lose what they wrote last.")
def clean_power_off(case: CloneCase, facts: Facts) -> Iterator[Judgment]:  # noqa: ARG001  every tree rule is called so
    disk = case.clone.disk
    if disk is None:
        yield unproven(EXPECTED, UNSAID)
        return
    if not case.clone.hardware:
        yield left_to_machines(case, EXPECTED, "this host unmounts the file systems")
        return
    if disk.unreadable is not None:
        yield unproven(EXPECTED, disk.unreadable)
        return
    dirty = [volume for volume in disk.volumes if volume.clean is False]
    known = [volume for volume in disk.volumes if volume.clean]
    if dirty:
        first = dirty[0]
        message = f"the {first.kind} of partition {first.number} was not unmounted: {first.why}"
        hint = "the guest was cut off, or a service kept it busy: read the end of the console"
        yield fails(EXPECTED, first.why, message, hint=hint)
    elif not known:
        yield holds(EXPECTED, "does not apply: no file system of the disk says whether it is clean")
    else:
        yield holds(EXPECTED, ", ".join(f"partition {volume.number} ({volume.kind})" for volume in known))
