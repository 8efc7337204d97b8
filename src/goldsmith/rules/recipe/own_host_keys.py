"""GS123: each clone makes its own SSH host keys."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.recipe.model import Recipe
from goldsmith.rules.recipe.dropin import drop_in
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule

CODE = "GS123"


@rule(
    CODE,
    "clones make their own host keys",
    needs=Needs.RECIPE,
    why="`ssh_deletekeys: false` lets clones keep whatever host keys they find, `ssh_keys` gives all of them the same: "
    "then one clone can pose as any other.",
)
def own_host_keys(recipe: Recipe) -> Iterator[Outcome]:
    judgment = Judgment(CODE, "host keys are made on first boot", recipe)
    defaults = drop_in(recipe)
    found = [key for key, bad in (("ssh_deletekeys", False), ("ssh_keys", None)) if _is(defaults.config.get(key), bad)]
    for key in found:
        yield judgment.fails(
            Severity.ERROR,
            defaults.place(key),
            f"`{key}` in the defaults makes clones share SSH host keys",
            "remove it: cloud-init then makes new keys for each clone",
        )
    if not found:
        yield judgment.passes("the defaults leave them to cloud-init")


def _is(value: object, bad: bool | None) -> bool:  # noqa: FBT001 - a value of the configuration
    return value is bad if bad is not None else bool(value)
