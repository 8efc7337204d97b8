"""What the rules over recipes say about one recipe."""

from __future__ import annotations

from goldsmith.findings import Finding, HostPlace
from goldsmith.recipe.model import Recipe
from goldsmith.rules.rule import Needs, judge, rules_of


def lint(recipe: Recipe) -> list[Finding]:
    """Every finding of every rule, in the order of the file. Those of level error stop plan and build too."""
    outcomes = judge(rules_of(Needs.RECIPE), recipe)
    return sorted((outcome.finding for outcome in outcomes if outcome.finding is not None), key=_order)


def _order(finding: Finding) -> tuple[str, int, int, str]:
    match finding.place:
        case HostPlace(file, line, column):
            return (file, line, column, finding.code)
        case _:
            return ("", 0, 0, finding.code)
