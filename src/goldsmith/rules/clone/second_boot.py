"""GS440: a clone that is started a second time boots to its end again, and powers off when asked."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.clone.stopped import stopped
from goldsmith.rules.evidence import CloneEvidence
from goldsmith.rules.evidence_rule import Judgment, holds, second_boot_rule

EXPECTED = "reaches ready a second time, and powers off"


@second_boot_rule("GS440", "second-boot", why="A first boot that spoils the disk shows only when it is started again.")
def second_boot(again: CloneEvidence) -> Iterator[Judgment]:
    if not again.ended or again.problem is not None:
        yield stopped(again, EXPECTED, what="second boot")
    else:
        how = "" if again.hardware else ", rehearsed"
        yield holds(EXPECTED, f"ready and off after {again.seconds:.0f} s{how}")
