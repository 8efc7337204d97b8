"""`secrets:` of a recipe: where values are, who may name them."""

from __future__ import annotations

from collections.abc import Callable

from goldsmith.recipe.model import Recipe
from goldsmith.secrets import SecretSource

Complain = Callable[..., list[str]]
STEP = "customize:\n  - run: {shell: 'true', secrets: [token]}\n"


def test_a_recipe_says_where_values_are_and_never_what_they_are(recipe: Callable[..., Recipe]) -> None:
    read = recipe(f"secrets: {{token: {{env: TOKEN}}, key: {{file: ~/.key}}}}\n{STEP}")
    assert read.secrets == {"token": SecretSource(env="TOKEN"), "key": SecretSource(file="~/.key")}
    assert read.customize[0].named_secrets() == ("token",)
    assert recipe().secrets == {}


def test_the_place_of_a_value_is_part_of_the_recipes_digest(recipe: Callable[..., Recipe]) -> None:
    digests = {recipe(f"secrets: {{token: {{env: {name}}}}}\n{STEP}").digest for name in ("ONE", "TWO")}
    assert len(digests) == 2


def test_secrets_that_cannot_be_meant(complaints: Complain) -> None:
    said = complaints(
        "secrets:\n"
        "  token: {env: A, file: b}\n"
        "  none: {}\n"
        "  plain: value\n"
        "  name: {env: A-B}\n"
        "  typo: {envv: A}\n"
        "  a/b: {env: A}\n"
    )
    assert [line.partition(": ")[0] for line in said] == ["5:10", "6:9", "7:10", "8:15", "9:10", "10:8"]
    assert said[0] == "5:10: GS105 `token` names no place or two"
    assert said[2] == "7:10: GS105 `plain` must be a mapping of keys and values, not `value`"
    assert said[4] == "9:10: GS102 unknown key `envv`"


def test_a_step_cannot_name_what_is_not_declared(complaints: Complain) -> None:
    said = complaints("secrets: {tokens: {env: A}}\ncustomize:\n  - run: {shell: 'true', secrets: [tokens, token]}\n")
    assert said == ["6:44: GS105 the step names `token`, which is no secret of the recipe"]
    assert complaints(STEP) == ["5:36: GS105 the step names `token`, which is no secret of the recipe"]
