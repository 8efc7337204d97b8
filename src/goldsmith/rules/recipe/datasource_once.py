"""GS127: the list of datasources is set in one place."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.recipe.model import Recipe
from goldsmith.rules.recipe.dropin import drop_in
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule

CODE = "GS127"


@rule(
    CODE,
    "datasources are set once",
    needs=Needs.RECIPE,
    why="cloud-init and ds-identify's shell read `datasource_list` differently: a list over several lines is not "
    "seen by the one that decides whether cloud-init runs. The recipe's `datasource:` is written so that both agree.",
    since="every version of cloud-init",
    wrong='datasource: local\ndefaults: {config: "datasource_list: [NoCloud, None]\n"}\n',
    right="datasource: local\n",
)
def datasource_once(recipe: Recipe) -> Iterator[Outcome]:
    judgment = Judgment(CODE, "no `datasource_list` in the defaults", recipe)
    defaults = drop_in(recipe)
    if "datasource_list" not in defaults.config:
        yield judgment.passes("there is none")
        return
    choice = "is overruled by `datasource:`" if recipe.datasource else "may not be seen by ds-identify"
    yield judgment.fails(
        Severity.WARNING,
        defaults.place("datasource_list"),
        f"`datasource_list` in the defaults {choice}",
        "remove it and use the recipe's `datasource: local`, `clouds` or `as-base`",
    )
