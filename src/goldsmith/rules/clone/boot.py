"""GS401: the clone boots to its end and powers off when asked."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.machine.cause import leading
from goldsmith.rules.evidence import CloneCase, CloneEvidence
from goldsmith.rules.evidence_rule import Judgment, clone_rule, fails, holds, left_to_machines

CAUSES_TOLD = 3


@clone_rule("GS401", "boot", why="An image that does not boot to its end, or cannot be shut down, is none.")
def boot(case: CloneCase) -> Iterator[Judgment]:
    """A boot that stopped is explained by what its console shows: the dead end first, then what came before it."""
    clone, expected = case.clone, "reaches ready and powers off when asked"
    if not clone.ended or clone.problem is not None:
        problem = clone.problem or "it did not power off by itself"
        causes = [each.cause for each in leading(clone.causes)[:CAUSES_TOLD]]
        yield fails(
            expected,
            f"last milestone: {clone.last_milestone}",
            f"the boot stopped after {clone.last_milestone}: {'; '.join((*causes, problem))}",
            hint=_hint(clone),
        )
    elif not clone.hardware:
        yield left_to_machines(case, expected, "no boot loader, kernel, initramfs or udev ran")
    else:
        again = f", {clone.boots} boots" if clone.boots > 1 else ""
        yield holds(expected, f"ready and off after {clone.seconds:.0f} s{again}")


def _hint(clone: CloneEvidence) -> str:
    hints = dict.fromkeys(each.hint for each in leading(clone.causes)[:CAUSES_TOLD])
    return "; ".join((*hints, f"read the console: {clone.console}"))
