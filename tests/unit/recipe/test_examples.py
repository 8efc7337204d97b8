"""The examples load, and no rule finds anything wrong in them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from goldsmith.cli.main import main
from goldsmith.findings import Severity
from goldsmith.recipe.load import load
from goldsmith.rules.recipe.lint import lint

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize("name", ["debian12-base", "debian13-base", "rocky10-base"])
def test_nothing_is_wrong_with_an_example(name: str) -> None:
    recipe = load(EXAMPLES / f"{name}.yaml")
    assert recipe.stem == f"{name}-v1.0"
    assert [finding for finding in lint(recipe) if finding.severity is not Severity.NOTE] == []


@pytest.mark.usefixtures("own_folders")
@pytest.mark.parametrize("name", ["debian12-base", "debian13-base", "rocky10-base"])
def test_an_example_is_planned_without_network_and_base(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["goldsmith", "plan", str(EXAMPLES / f"{name}.yaml"), "--offline", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    planned = json.loads(capsys.readouterr().out)
    assert (planned["schema"], planned["name"], planned["trust"]) == ("goldsmith.plan/1", name, None)
    assert {"base", "seal", "verify"} <= {step["name"] for step in planned["steps"]}
    assert {step["key"] for step in planned["steps"]} == {None}
    assert "not in the cache" in planned["why"]


def test_every_example_is_looked_at() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.yaml")) == ["debian12-base", "debian13-base", "rocky10-base"]


def test_the_examples_script_can_run() -> None:
    script = EXAMPLES / "scripts" / "harden.sh"
    assert script.read_text().startswith("#!/bin/sh\n")
    assert script.stat().st_mode & 0o111 == 0o111
