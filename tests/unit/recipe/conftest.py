"""Recipes written into a folder of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldsmith.errors import RecipeError
from goldsmith.recipe.load import load
from goldsmith.recipe.model import Recipe

HEAD = 'name: web\nversion: "1.0"\nbase: {bootstrap: debian/12}\n'


@pytest.fixture
def recipe(tmp_path: Path) -> Callable[..., Recipe]:
    """A recipe of a valid head and the lines given; keywords are variables set from outside."""

    def make(lines: str = "", **sets: str) -> Recipe:
        path = tmp_path / "web.yaml"
        path.write_text(HEAD + lines)
        return load(path, sets=sets)

    return make


@pytest.fixture
def complaints(tmp_path: Path) -> Callable[[str], list[str]]:
    """What is wrong with a recipe of these lines: "line:column: code message"; a head is put before them."""

    def complain(lines: str, head: str = HEAD) -> list[str]:
        path = tmp_path / "web.yaml"
        path.write_text(head + lines)
        with pytest.raises(RecipeError) as caught:
            load(path)
        shown = [f"{each.place}: {each.code} {each.message}" for each in caught.value.findings]
        return [each.removeprefix(f"{path}:") for each in shown]

    return complain
