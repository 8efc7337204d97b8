"""GS133: `audit.waive` names rules of the audit."""

from __future__ import annotations

from collections.abc import Iterator

import goldsmith.rules.bytes
import goldsmith.rules.cloudconfig
import goldsmith.rules.tree  # noqa: F401  they register their rules
from goldsmith.findings import Severity
from goldsmith.recipe.model import Recipe
from goldsmith.recipe.problems import nearest
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule, rules_of

CODE = "GS133"


def waivable() -> tuple[str, ...]:
    """The codes of the rules that the audit asks."""
    return tuple(each.code for needs in (Needs.TREE, Needs.BYTES, Needs.CLOUDCONFIG) for each in rules_of(needs))


@rule(
    CODE,
    "waived rules are known",
    needs=Needs.RECIPE,
    why="A misspelled code waives nothing, and the build ends with the finding that was to be waived.",
    since="any: it is about the recipe",
    wrong="datasource: local\naudit: {waive: [{rule: GS999, reason: a lab}]}\n",
    right="datasource: local\naudit: {waive: [{rule: GS310, reason: a lab}]}\n",
)
def known_waivers(recipe: Recipe) -> Iterator[Outcome]:
    judgment = Judgment(CODE, "codes of rules of the audit", recipe)
    known = waivable()
    wrong = [(number, each.rule) for number, each in enumerate(recipe.audit.waive) if each.rule not in known]
    for number, code in wrong:
        near = nearest(code.lower(), {each.lower() for each in known})
        hint = f"did you mean `{near.upper()}`? " if near else ""
        yield judgment.fails(
            Severity.ERROR,
            recipe.place("audit", "waive", number, "rule"),
            f"the audit has no rule {code}",
            f"{hint}`goldsmith audit --list` names all",
        )
    if not wrong:
        yield judgment.passes(f"{len(recipe.audit.waive)} waivers")
