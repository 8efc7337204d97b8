"""GS129: the disk is not smaller than its base."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.recipe.model import Recipe
from goldsmith.recipe.size import show_size
from goldsmith.rules.recipe.facts import virtual_size
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule

CODE = "GS129"


@rule(
    CODE,
    "the disk holds its base",
    needs=Needs.RECIPE,
    why="A disk only grows: cutting one off destroys the file system at its end.",
    since="any: it is about the recipe",
    wrong="datasource: local\ndisk: {size: 1G}\n",
    right="datasource: local\ndisk: {size: 10G}\n",
)
def disk_size(recipe: Recipe) -> Iterator[Outcome]:
    judgment = Judgment(CODE, "disk.size is at least the base's", recipe)
    size, base = recipe.disk.size, virtual_size(recipe)
    if size is None or base is None:
        yield judgment.passes("the base's own size" if size is None else "the base's size is not known yet")
    elif size >= base:
        yield judgment.passes(f"{show_size(size)} on {show_size(base)}")
    else:
        yield judgment.fails(
            Severity.ERROR,
            recipe.place("disk", "size"),
            f"a disk of {show_size(size)} is smaller than its base of {show_size(base)}",
            f"at least {show_size(base)}, or remove `size`",
        )
