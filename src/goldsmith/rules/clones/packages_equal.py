"""GS506: the clones have the packages of the sealed image, neither more nor fewer."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import Evidence
from goldsmith.rules.evidence_rule import Judgment, booted, clones_rule, equal

EXPECTED = "the packages of the image in each clone"


@clones_rule("GS506", "packages-equal", why="A first boot that installs or removes something makes each clone another.")
def packages_equal(evidence: Evidence) -> Iterator[Judgment]:
    values = {each.clone.name: frozenset(each.facts.packages) for each in booted(evidence)}
    yield equal(EXPECTED, {"the sealed image": frozenset(evidence.sealed.packages), **values} if values else {})
