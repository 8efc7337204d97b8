"""GS510: no network configuration in the sealed image names the hardware address of one machine."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.clones.declared import matches
from goldsmith.rules.evidence import Evidence
from goldsmith.rules.evidence_rule import UNSAID, Judgment, clones_rule, fails, holds, unproven

EXPECTED = "no hardware address in the network configuration"


@clones_rule("GS510", "no-pinned-addresses", why="What is for one network card leaves every other clone offline.")
def no_pinned_addresses(evidence: Evidence) -> Iterator[Judgment]:
    if evidence.sealed.system is None:
        yield unproven(EXPECTED, UNSAID)
        return
    found = [each for each in evidence.sealed.system.pinned if not matches(each.path, evidence.expectation.kept)]
    if found:
        first = found[0]
        message = f"{first.path} is for the network card {first.address}"
        hint = "generalize with net-hwaddr and udev-persistent-net, or keep it with a reason"
        yield fails(EXPECTED, f"{len(found)} files", message, hint=hint)
    else:
        kept = len(evidence.sealed.system.pinned)
        yield holds(EXPECTED, f"none but {kept} that the recipe keeps" if kept else "none")
