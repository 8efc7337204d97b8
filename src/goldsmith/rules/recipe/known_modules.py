"""GS125: `disable_modules` names modules that cloud-init has."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.keys import MODULES
from goldsmith.cloudinit.modules import canonical
from goldsmith.findings import Severity, printable
from goldsmith.recipe.model import Recipe
from goldsmith.recipe.problems import nearest
from goldsmith.rules.recipe.dropin import drop_in
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule

CODE = "GS125"


@rule(
    CODE,
    "disabled modules are known",
    needs=Needs.RECIPE,
    why="A misspelled module would stop the build only after the base is fetched and customized.",
    since="every version of cloud-init",
    wrong="datasource: local\ndefaults: {disable_modules: [rumcmd]}\n",
    right="datasource: local\ndefaults: {disable_modules: [runcmd]}\n",
)
def known_modules(recipe: Recipe) -> Iterator[Outcome]:
    judgment = Judgment(CODE, "modules of cloud-init", recipe)
    unknown = [(number, name) for number, name in enumerate(drop_in(recipe).disabled) if canonical(name) not in MODULES]
    for number, name in unknown:
        near = nearest(canonical(name), MODULES)
        yield judgment.fails(
            Severity.WARNING,
            recipe.place("defaults", "disable_modules", number),
            f"{printable(name)} is no module of cloud-init",
            f"did you mean `{near}`?" if near else "modules that an image adds itself are known to its build alone",
        )
    if not unknown:
        yield judgment.passes("all are")
