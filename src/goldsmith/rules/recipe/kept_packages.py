"""GS128: an expected package is not removed by the recipe itself."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.customization.kinds.install import Install
from goldsmith.customization.kinds.uninstall import Uninstall
from goldsmith.findings import Severity
from goldsmith.recipe.model import Recipe
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule

CODE = "GS128"


@rule(
    CODE,
    "expected packages stay",
    needs=Needs.RECIPE,
    why="A recipe that removes a package and expects it builds an image that cannot be proven.",
    since="any: it is about the recipe",
    wrong="datasource: local\ncustomize: [{uninstall: [sudo]}]\nverify: {expect: {packages: [sudo]}}\n",
    right="datasource: local\ncustomize: [{uninstall: [nano]}]\nverify: {expect: {packages: [sudo]}}\n",
)
def kept_packages(recipe: Recipe) -> Iterator[Outcome]:
    judgment = Judgment(CODE, "expected packages are not removed", recipe)
    last: dict[str, int | None] = {}
    for number, step in enumerate(recipe.customize):
        match step:
            case Install():
                last.update({_bare(name): None for name in step.root})
            case Uninstall():
                last.update({_bare(name): number for name in step.root})
    removed = [
        (number, name) for number, name in enumerate(recipe.verify.expect.packages) if last.get(_bare(name)) is not None
    ]
    for number, name in removed:
        yield judgment.fails(
            Severity.ERROR,
            recipe.place("verify", "expect", "packages", number),
            f"{name} is expected, but step {(last[_bare(name)] or 0) + 1} of `customize` removes it",
            "expect it no longer, or remove the step",
        )
    if not removed:
        yield judgment.passes("none is")


def _bare(name: str) -> str:
    return name.partition("=")[0].partition(":")[0]
