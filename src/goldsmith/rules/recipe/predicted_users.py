"""GS131: the users that the recipe expects are those that its defaults make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goldsmith.cloudinit.merging import fold
from goldsmith.cloudinit.modules import canonical
from goldsmith.cloudinit.users import users_of
from goldsmith.customization.kinds.run import Run
from goldsmith.findings import Severity, printable
from goldsmith.recipe.model import Recipe
from goldsmith.recipe.problems import nearest
from goldsmith.rules.recipe.dropin import drop_in
from goldsmith.rules.recipe.facts import distro
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule

CODE = "GS131"


@dataclass(frozen=True, slots=True)
class Predicted:
    """Users that a first boot without user-data makes. `whole` says that there are no others in the image either."""

    names: frozenset[str]
    whole: bool


@rule(
    CODE,
    "expected users are predicted",
    needs=Needs.RECIPE,
    why="An expected user that nothing makes, or an unwanted one that the defaults make, would be found only by "
    "booting clones of the finished image.",
    since="every version of cloud-init",
    wrong="datasource: local\nverify: {expect: {users: {absent: [debian]}}}\n",
    right="datasource: local\nverify: {expect: {users: {present: [debian]}}}\n",
)
def predicted_users(recipe: Recipe) -> Iterator[Outcome]:
    judgment = Judgment(CODE, "the defaults make who is expected, and nobody who is not", recipe)
    predicted = predict(recipe)
    made = f"a first boot makes {', '.join(sorted(predicted.names)) or 'nobody'}"
    failed = False
    for number, name in enumerate(recipe.verify.expect.users.present):
        near = nearest(name, predicted.names)
        if name in predicted.names or name == "root" or not (predicted.whole or near):
            continue
        failed = True
        place = recipe.place("verify", "expect", "users", "present", number)
        hint = (
            f"did you mean `{near}`?"
            if near
            else f"{made}; set system_info.default_user.name or `users` in the defaults"
        )
        message = f"nothing in the recipe makes the user {printable(name)}"
        yield judgment.fails(Severity.WARNING, place, message, hint, seen=made)
    for number, name in enumerate(recipe.verify.expect.users.absent):
        if name in predicted.names:
            failed = True
            place = recipe.place("verify", "expect", "users", "absent", number)
            message = f"the user {printable(name)} must be absent, but a first boot makes it"
            hint = "give the default user another name by system_info.default_user.name in the defaults"
            yield judgment.fails(Severity.ERROR, place, message, hint, seen=made)
    if not failed:
        yield judgment.passes(made)


def predict(recipe: Recipe) -> Predicted:
    """From the recipe alone: what the defaults say over what every vendor's image has, `users: [default]`."""
    base = distro(recipe)
    defaults = drop_in(recipe)
    vendor = {"users": ["default"], "system_info": {"default_user": {"name": base.default_user} if base else {}}}
    runs = any(isinstance(step, Run) for step in recipe.customize)
    if any(canonical(module) == "users_groups" for module in defaults.disabled):
        return Predicted(frozenset(), whole=base is not None and not runs)
    users = users_of(fold([dict(defaults.config), vendor]))
    return Predicted(frozenset(user.name for user in users), whole=base is not None and not runs)
