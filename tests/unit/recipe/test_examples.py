"""The examples load, and no rule finds anything wrong in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith.findings import Severity
from goldsmith.recipe.load import load
from goldsmith.rules.recipe.lint import lint

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize("name", ["debian12-base", "debian13-base", "rocky10-base"])
def test_nothing_is_wrong_with_an_example(name: str) -> None:
    recipe = load(EXAMPLES / f"{name}.yaml")
    assert recipe.stem == f"{name}-v1.0"
    assert [finding for finding in lint(recipe) if finding.severity is not Severity.NOTE] == []


def test_every_example_is_looked_at() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.yaml")) == ["debian12-base", "debian13-base", "rocky10-base"]


def test_the_examples_script_can_run() -> None:
    script = EXAMPLES / "scripts" / "harden.sh"
    assert script.read_text().startswith("#!/bin/sh\n")
    assert script.stat().st_mode & 0o111 == 0o111
