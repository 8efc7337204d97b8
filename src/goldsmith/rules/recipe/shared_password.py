"""GS122: the defaults hold no password, which all clones would share."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.recipe.model import Recipe
from goldsmith.rules.recipe.dropin import drop_in
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule

CODE = "GS122"
PASSWORDS = frozenset({"password", "passwd", "hashed_passwd", "plain_text_passwd", "chpasswd", "hashed-passwd"})


@rule(
    CODE,
    "no shared password",
    needs=Needs.RECIPE,
    why="A password in the image's defaults is the same on every clone, and readable by everybody who has the image.",
)
def shared_password(recipe: Recipe) -> Iterator[Outcome]:
    judgment = Judgment(CODE, "no password in the defaults", recipe)
    defaults = drop_in(recipe)
    found = [loc for loc, value in defaults.settings() if loc[-1] in PASSWORDS and value and _is_setting(loc)]
    for loc in found:
        yield judgment.fails(
            Severity.WARNING,
            defaults.place(*loc),
            f"`{loc[-1]}` in the defaults gives every clone the same password",
            "leave passwords and keys to each clone's own user-data",
        )
    if not found:
        yield judgment.passes("there is none")


def _is_setting(loc: tuple[str | int, ...]) -> bool:
    """Whether cloud-init reads the key: at the top, in an entry of `users`, or in the default user."""
    return len(loc) == 1 or loc[0] in {"users", "user"} or loc[:2] == ("system_info", "default_user")
