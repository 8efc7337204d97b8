"""GS124: the defaults' file name sorts where its number says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename

from goldsmith.findings import Severity
from goldsmith.recipe.model import Recipe
from goldsmith.rules.recipe.dropin import drop_in
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule

CODE = "GS124"
TWO_DIGITS = re.compile(r"[0-9]{2}(?![0-9])")


@rule(
    CODE,
    "the defaults' file sorts as meant",
    needs=Needs.RECIPE,
    why="cloud-init reads its files in text order and the last one wins: 100-x comes before 99-x, 9-x after both, and "
    "any name that begins with a letter after all numbers.",
)
def dropin_name(recipe: Recipe) -> Iterator[Outcome]:
    judgment = Judgment(CODE, "a name of two digits and more", recipe)
    defaults = drop_in(recipe)
    name = basename(defaults.path)
    if not name or TWO_DIGITS.match(name) or not name[0].isdigit():
        yield judgment.passes(name or "no defaults")
        return
    digits = re.match(r"[0-9]+", name)
    number = digits[0] if digits else ""
    where = "before 99-…" if len(number) > 2 and number < "99" else "by its text, not by its number"
    yield judgment.fails(
        Severity.WARNING,
        recipe.place("defaults", "name"),
        f"{name} sorts {where}: files that should be weaker may win",
        "begin the name with exactly two digits, such as 99-custom-defaults",
    )
