"""What is said of a boot that stopped: where, and what its console shows of why; no rule of its own."""

from __future__ import annotations

from goldsmith.machine.cause import leading
from goldsmith.rules.evidence import CloneEvidence
from goldsmith.rules.evidence_rule import Judgment, fails

CAUSES_TOLD = 3


def stopped(boot: CloneEvidence, expected: str, *, what: str = "boot") -> Judgment:
    """A failure: the dead end first, then what came before it."""
    problem = boot.problem or "it did not power off by itself"
    causes = leading(boot.causes)[:CAUSES_TOLD]
    why = "; ".join((*(each.cause for each in causes), problem))
    hints = dict.fromkeys(each.hint for each in causes)
    return fails(
        expected,
        f"last milestone: {boot.last_milestone}",
        f"the {what} stopped after {boot.last_milestone}: {why}",
        hint="; ".join((*hints, f"read the console: {boot.console}")),
    )
