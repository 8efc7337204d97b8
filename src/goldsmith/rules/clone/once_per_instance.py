"""GS442: nothing that cloud-init does once for an instance is done again in a second boot.

Each thing done leaves a mark with the process and the time of it: one that is made again reads otherwise. Nor may the
log of the second run name one.
"""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence_rule import Judgment, again_rule, fails, holds, unproven
from goldsmith.rules.facts import Facts

EXPECTED = "no mark is made again, and none is lost"


@again_rule(
    "GS442",
    "once-per-instance",
    why="Keys made anew, passwords reset, scripts run again at each start.",
    cloud_init=True,
)
def once_per_instance(first: Facts, again: Facts) -> Iterator[Judgment]:
    before, after = ({mark.name: mark.text for mark in facts.marks} for facts in (first, again))
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if not before:
        yield unproven(EXPECTED, "the first boot left no marks to compare")
    elif again.done_once:
        named = ", ".join(again.done_once)
        yield fails(EXPECTED, named, f"in the second boot cloud-init did again what is done once: {named}")
    elif changed:
        name = changed[0]
        was = "was lost" if name not in after else "was made again" if name in before else "is new"
        message = f"in the second boot the mark {name} {was}: what it stands for is not done once"
        yield fails(EXPECTED, ", ".join(changed), message)
    else:
        yield holds(EXPECTED, f"{len(before)} marks, all as they were")
