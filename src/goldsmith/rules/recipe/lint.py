"""What the rules say about one recipe: those over recipes, and those over the cloud configuration that it writes."""

from __future__ import annotations

from goldsmith.findings import Finding, HostPlace
from goldsmith.recipe.model import Recipe
from goldsmith.rules.allowance import allowances, waived
from goldsmith.rules.cloudconfig.lint import lint as lint_configuration
from goldsmith.rules.recipe.dropin import configuration
from goldsmith.rules.rule import Needs, judge, rules_of


def lint(recipe: Recipe) -> list[Finding]:
    """Every finding of every rule, in the order of the file. Those of level error stop plan and build too, unless a
    comment allows them for a reason.
    """
    outcomes = judge(rules_of(Needs.RECIPE), recipe)
    found = [outcome.finding for outcome in outcomes if outcome.finding is not None]
    subject = configuration(recipe)
    if subject is not None:
        found.extend(lint_configuration(subject))
    lines = recipe.document.text.split("\n")
    file = recipe.document.file
    allowed = allowances(lines, [HostPlace(file, number, 1) for number in range(1, len(lines) + 1)])
    return sorted(waived(found, allowed), key=_order)


def _order(finding: Finding) -> tuple[str, int, int, str]:
    match finding.place:
        case HostPlace(file, line, column):
            return (file, line, column, finding.code)
        case _:
            return ("", 0, 0, finding.code)
