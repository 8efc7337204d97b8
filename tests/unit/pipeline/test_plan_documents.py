"""What `plan` says: without the base, with it, and where the recipe is not sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldsmith.base.base import Base
from goldsmith.base.sources.bootstrap import BootstrapSource
from goldsmith.base.trust import Trust, TrustLevel
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import HostError, RecipeError
from goldsmith.events import Event, Note, ignore
from goldsmith.pipeline.keys import StepKey, chain
from goldsmith.pipeline.plan import WHY_NO_PLAN, Planned, plan
from goldsmith.recipe.model import Recipe

MakeRecipe = Callable[..., Recipe]
DIGEST = "1" * 64
BASE = Base(
    "bootstrap:debian/12",
    Disk(Path("/base.qcow2"), DiskFormat.QCOW2, 1 << 30),
    DIGEST,
    Trust(TrustLevel.BOOTSTRAPPED, "debian-archive-keyring"),
)


@pytest.fixture
def settles(monkeypatch: pytest.MonkeyPatch) -> Callable[[Base | HostError], None]:
    """What the base comes to, without making it."""

    def to(result: Base | HostError) -> None:
        def resolve(*_: object, **__: object) -> Base:
            if isinstance(result, HostError):
                raise result
            return result

        monkeypatch.setattr(BootstrapSource, "resolve", resolve)

    return to


def test_a_plan_with_the_base(recipe: MakeRecipe, settles: Callable[[Base], None]) -> None:
    settles(BASE)
    made = recipe()
    planned = plan(made, offline=False, emit=ignore)
    assert planned == Planned(made, chain(made, DIGEST), "bootstrapped(debian-archive-keyring)", WHY_NO_PLAN)


def test_a_plan_without_the_base(recipe: MakeRecipe, settles: Callable[[HostError], None]) -> None:
    settles(HostError("debian/12 is not in the cache"))
    made = recipe()
    planned = plan(made, offline=True, emit=ignore)
    why = "keys begin with the base's digest: debian/12 is not in the cache"
    assert planned == Planned(made, chain(made, None), None, why)


def test_only_offline_may_the_base_be_missing(recipe: MakeRecipe, settles: Callable[[HostError], None]) -> None:
    settles(HostError("mmdebstrap is not installed"))
    with pytest.raises(HostError, match="mmdebstrap"):
        plan(recipe(), offline=False, emit=ignore)


def test_an_unsound_recipe_is_not_planned(
    recipe: MakeRecipe, settles: Callable[[Base], None], events: list[Event]
) -> None:
    settles(BASE)
    unsound = recipe(("x86_64", "aarch64"))
    with pytest.raises(RecipeError) as caught:
        plan(unsound, offline=False, emit=events.append)
    assert [(found.code, found.place) for found in caught.value.findings] == [("GS130", unsound.place("arch"))]
    assert events == []


def test_warnings_are_told_and_hinder_nothing(
    recipe: MakeRecipe, settles: Callable[[Base], None], events: list[Event]
) -> None:
    settles(BASE)
    doubtful = recipe(("clones: 2", "expect: {users: {present: [ann]}}"))
    plan(doubtful, offline=False, emit=events.append)
    place = doubtful.place("verify", "expect", "users", "present", 0)
    assert events == [Note(f"{place}: GS131: nothing in the recipe makes the user ann", warning=True)]


def test_the_documents(recipe: MakeRecipe) -> None:
    steps = (StepKey("base", f"sha256:{DIGEST}", cached=True), StepKey("disk", f"sha256:{'2' * 64}"))
    planned = Planned(recipe(), steps, "pinned(1…)", "why")
    assert planned.as_json() == {
        "name": "web",
        "version": "1.0",
        "trust": "pinned(1…)",
        "steps": [
            {"name": "base", "key": f"sha256:{DIGEST}", "cached": True, "changed_inputs": []},
            {"name": "disk", "key": f"sha256:{'2' * 64}", "cached": False, "changed_inputs": []},
        ],
        "plan": None,
        "why": "why",
    }
    assert planned.as_text() == [
        "web 1.0  x86_64  trust: pinned(1…)",
        f"  {'base':<28} sha256:{'1' * 12}…  in the cache",
        f"  {'disk':<28} sha256:{'2' * 12}…",
        "why",
    ]


def test_the_documents_without_a_base(recipe: MakeRecipe) -> None:
    planned = Planned(recipe(), (StepKey("base", None),), None, "why")
    assert planned.as_text() == [
        "web 1.0  x86_64  trust: not settled yet",
        f"  {'base':<28} key not known yet",
        "why",
    ]
    assert (planned.as_json()["trust"], planned.as_json()["steps"]) == (
        None,
        [{"name": "base", "key": None, "cached": False, "changed_inputs": []}],
    )
