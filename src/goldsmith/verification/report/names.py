"""What reports say of an outcome beside its own words: its rule's name and reason, and whose it is."""

from __future__ import annotations

from goldsmith.rules.rule import Needs, Outcome, Rule, rules_of


def rules() -> dict[str, Rule]:
    """The rules over clones that this goldsmith knows, by code."""
    return {each.code: each for needs in (Needs.CLONE, Needs.CLONES) for each in rules_of(needs)}


def rule_name(code: str) -> str:
    """The rule's name; empty where this goldsmith has no such rule."""
    known = rules().get(code)
    return known.name if known is not None else ""


def subject_of(outcome: Outcome) -> str:
    """The clone, or `clones`, that an outcome is about; empty where a rule said nothing."""
    return outcome.subject.partition(":")[0]
