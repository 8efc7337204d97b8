"""GS507: booting clones did not change the sealed file."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import Evidence
from goldsmith.rules.evidence_rule import Judgment, clones_rule, fails, holds

EXPECTED = "the sealed file is as it was"


@clones_rule("GS507", "sealed-unchanged", why="What was proven has to be what is admitted.")
def sealed_unchanged(evidence: Evidence) -> Iterator[Judgment]:
    before, after = evidence.digest_before, evidence.digest_after
    if before == after:
        yield holds(EXPECTED, f"sha256 {after}")
    else:
        yield fails(EXPECTED, f"sha256 {after}, before: {before}", "the sealed file changed while its clones booted")
