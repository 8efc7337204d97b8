"""The audit of a sealed tree."""

from __future__ import annotations

from goldsmith.findings import Finding
from goldsmith.rules.rule import Needs, Outcome, judge, rules_of
from goldsmith.rules.tree.subject import TreeSubject


def audit(subject: TreeSubject) -> list[Outcome]:
    """Every rule of the tree on a subject whose view was taken with the roots of its operations and AUDIT_ROOTS."""
    return judge(rules_of(Needs.TREE), subject)


def findings(outcomes: list[Outcome]) -> tuple[Finding, ...]:
    """What outcomes found, in their order."""
    return tuple(outcome.finding for outcome in outcomes if outcome.finding is not None)
