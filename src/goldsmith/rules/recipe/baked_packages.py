"""GS121: packages are baked into the image, not downloaded by each clone."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.recipe.model import Recipe
from goldsmith.rules.recipe.dropin import drop_in
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule

CODE = "GS121"


@rule(
    CODE,
    "packages are baked in",
    needs=Needs.RECIPE,
    why="`packages:` in cloud-init's configuration installs nothing into the image: each clone downloads at its first "
    "boot, which fails without a network, and user-data with its own `packages:` replaces the list.",
)
def baked_packages(recipe: Recipe) -> Iterator[Outcome]:
    judgment = Judgment(CODE, "no package work on a clone's first boot", recipe)
    defaults = drop_in(recipe)
    found = [key for key in ("packages", "package_update", "package_upgrade") if defaults.config.get(key)]
    for key in found:
        does = "downloads packages" if key == "packages" else "asks the mirrors"
        yield judgment.fails(
            Severity.WARNING,
            defaults.place(key),
            f"`{key}` in the defaults {does} on every clone's first boot",
            "bake them in with a step `- install: […]`" if key == "packages" else "use a step `- update: true`",
        )
    if not found:
        yield judgment.passes("the defaults ask for none")
