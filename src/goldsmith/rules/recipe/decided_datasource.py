"""GS120: whether cloud-init runs in a clone without a seed is decided, not left to chance."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.datasource import without_seed
from goldsmith.cloudinit.effective import CLOUD_CFG_D
from goldsmith.findings import Severity
from goldsmith.recipe.model import Recipe
from goldsmith.rules.recipe.dropin import drop_in
from goldsmith.rules.recipe.facts import distro
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule

CODE = "GS120"
CHOICES = "choose `datasource: local` (a NoCloud seed or none), `clouds` (all, then none) or `as-base` (unchanged)"


@rule(
    CODE,
    "the datasource is decided",
    needs=Needs.RECIPE,
    why="Without a seed, cloud-init's own policy leaves it disabled: no user, no keys, no host keys on Debian, and the "
    "defaults in the image never apply.",
    since="every version of cloud-init",
    wrong='defaults: {config: "ssh_pwauth: false\n"}\n',
    right='datasource: local\ndefaults: {config: "ssh_pwauth: false\n"}\n',
)
def decided_datasource(recipe: Recipe) -> Iterator[Outcome]:
    judgment = Judgment(CODE, "cloud-init runs in a clone without a seed, or the recipe says that it need not", recipe)
    if recipe.datasource is not None:
        yield judgment.passes("the recipe decides")
        return
    made = distro(recipe)
    defaults = drop_in(recipe)
    files = {defaults.path: defaults.content} if defaults.content else {}
    if made is not None and made.datasource_list is not None:
        files[f"{CLOUD_CFG_D}/90_dpkg.cfg"] = f"datasource_list: [{', '.join(made.datasource_list)}]\n".encode()
    decision = without_seed(files)
    place = recipe.place(key=True)
    if decision.enabled:
        yield judgment.passes(decision.why)
    elif made is not None:
        message = f"`datasource` is missing: {made.name} leaves cloud-init disabled in a clone without a seed"
        yield judgment.fails(Severity.ERROR, place, message, CHOICES, seen=decision.why)
    else:
        message = "`datasource` is missing: most bases leave cloud-init disabled in a clone without a seed"
        yield judgment.fails(
            Severity.WARNING, place, message, CHOICES, seen="the base is not known before it is opened"
        )
