"""GS130: the base exists for the recipe's architecture."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.recipe.model import Recipe
from goldsmith.rules.recipe.facts import distro
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule

CODE = "GS130"


@rule(
    CODE,
    "the base has the architecture",
    needs=Needs.RECIPE,
    why="What is bootstrapped has a boot loader and a kernel of its own for each architecture.",
    since="any: it is about the recipe",
    wrong="arch: aarch64\ndatasource: local\n",
    right="arch: x86_64\ndatasource: local\n",
)
def known_arch(recipe: Recipe) -> Iterator[Outcome]:
    made = distro(recipe)
    arches = made.arches if made is not None else ()
    judgment = Judgment(CODE, f"one of {', '.join(arches)}" if made else "any", recipe)
    if made is None or recipe.arch in arches:
        yield judgment.passes(recipe.arch)
        return
    yield judgment.fails(
        Severity.ERROR,
        recipe.place("arch") if recipe.document.written(("arch",)) else recipe.place("base", "bootstrap"),
        f"{made.name} cannot be bootstrapped for {recipe.arch} yet",
        f"arch: {arches[0]}, or the vendor's image by `url:`",
    )
