"""The schema for editors: generated, never stale, and it says what loading says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from goldsmith.base.source import registered as sources
from goldsmith.customization.customization import registered as customizations
from goldsmith.recipe.schema import SCHEMA_FILE, rendered, schema

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))
BASE: dict[str, Any] = {"name": "web", "version": "1.0", "base": {"bootstrap": "debian/12"}}


def errors(document: object) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(schema()).iter_errors(document)]


def test_the_file_is_what_the_models_say() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == rendered(), (
        "schema.json is stale: write it anew with `.venv/bin/python -m goldsmith.recipe.schema`"
    )


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_every_kind_and_every_base_is_in_it() -> None:
    text = json.dumps(schema())
    properties = schema()["properties"]
    steps = properties["customize"]["items"]["properties"]
    for key, kind in customizations().items():
        assert key in (properties if kind.TOP_LEVEL else steps)
    for source in sources().values():
        assert f"#/$defs/{source.__name__}" in text


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_valid(path: Path) -> None:
    assert errors(yaml.safe_load(path.read_text())) == []


@pytest.mark.parametrize(
    "more",
    [
        {"disk": {"size": "10 GiB"}},
        {"datasource": "as-base"},
        {"defaults": {"config": "a: 1", "disable_modules": ["runcmd"]}},
        {"customize": [{"install": ["htop"]}, {"copy": {"from": "a", "to": "/a"}}, {"update": True}]},
        {"customize": [{"write": {"path": "/a", "text": "a", "mode": "0644", "owner": 0}}]},
        {"seal": {"format": "raw"}, "vars": {"a": "b"}},
    ],
)
def test_what_can_be_said_is_valid(more: dict[str, Any]) -> None:
    assert errors({**BASE, **more}) == []


@pytest.mark.parametrize(
    "more",
    [
        {"namee": "web"},
        {"version": 1.0},
        {"name": "a/b"},
        {"base": {"bootstrap": "debian/12", "file": "a.qcow2"}},
        {"base": {"bootstrap": "plan9/4"}},
        {"base": {}},
        {"disk": {"size": 10}},
        {"disk": {"size": "10GB"}},
        {"datasource": "none"},
        {"customize": [{"install": "htop"}]},
        {"customize": [{"install": ["htop"], "update": True}]},
        {"customize": [{"insstall": ["htop"]}]},
        {"customize": [{"write": {"path": "/a", "text": "a", "mode": 420}}]},
        {"vars": {"name": "x"}},
        {"verify": {"clones": 1}},
        {"verify": {"expect": {"effective": []}}},
    ],
)
def test_what_cannot_be_said_is_not(more: dict[str, Any]) -> None:
    assert errors({**BASE, **more}) != []
