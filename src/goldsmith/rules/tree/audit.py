"""The audit of a sealed tree."""

from __future__ import annotations

from collections.abc import Iterable

from goldsmith.findings import Finding
from goldsmith.rules.rule import Needs, Outcome, judge, rules_of
from goldsmith.rules.tree.subject import AUDIT_ROOTS, TreeSubject


def audit_roots() -> tuple[str, ...]:
    """What rules have to see beyond the roots of operations: pass it to `look`."""
    return tuple(dict.fromkeys((*AUDIT_ROOTS, *(root for each in rules_of(Needs.TREE) for root in each.roots))))


def audit(subject: TreeSubject) -> list[Outcome]:
    """Every rule of the tree on a subject whose view was taken with the roots of its operations and `audit_roots`."""
    return judge(rules_of(Needs.TREE), subject)


def findings(outcomes: Iterable[Outcome]) -> tuple[Finding, ...]:
    """What outcomes found, in their order."""
    return tuple(outcome.finding for outcome in outcomes if outcome.finding is not None)
