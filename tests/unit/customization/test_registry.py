"""What holds for every kind of step: texts, examples, schema, and the reference page."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import RootModel, ValidationError

import goldsmith.customization.kinds
from goldsmith.customization.customization import Customization, register, registered
from goldsmith.customization.reference import reference

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "customizations.md"
KINDS = sorted(registered().values(), key=lambda kind: kind.KEY)
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.KEY)


def examples(kind: type[Customization]) -> list[Any]:
    document = yaml.safe_load(kind.EXAMPLE)
    return [item[kind.KEY] for item in ([document] if kind.TOP_LEVEL else document)]


def test_every_file_of_kinds_is_a_kind_of_that_name() -> None:
    folder = Path(str(goldsmith.customization.kinds.__file__)).parent
    assert [kind.KEY for kind in KINDS] == sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


@each_kind
def test_a_kind_explains_itself_and_its_fields(kind: type[Customization]) -> None:
    said = inspect.getdoc(kind) or ""
    assert said
    assert said != inspect.getdoc(Customization)
    assert [name for name, field in kind.model_fields.items() if not (field.description or "").endswith(".")] == []


@each_kind
def test_a_kinds_example_is_accepted_and_unchanged_by_a_second_reading(kind: type[Customization]) -> None:
    for example in examples(kind):
        step = kind.model_validate(example)
        assert kind.model_validate(example) == step


@each_kind
def test_an_unknown_field_is_refused(kind: type[Customization]) -> None:
    for example in examples(kind):
        if not issubclass(kind, RootModel):
            assert error_types(kind, {**example, "nonsense": 1}) == ["extra_forbidden"]


@each_kind
@pytest.mark.parametrize("value", [None, 2, 1.5, {}, [], [None], [[]], {"": 1}, "\0", [{"a": 1}]], ids=repr)
def test_nonsense_is_refused_with_an_error_of_its_own(kind: type[Customization], value: object) -> None:
    assert error_types(kind, value)


def error_types(kind: type[Customization], value: object) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(value)
    return [error["type"] for error in caught.value.errors()]


@each_kind
def test_a_kind_is_frozen_and_has_a_json_schema(kind: type[Customization]) -> None:
    assert json.dumps(kind.model_json_schema(by_alias=True))
    assert kind.model_config.get("frozen") is True


@each_kind
def test_a_step_needs_the_network_only_if_it_runs_programs(kind: type[Customization]) -> None:
    if kind.NEEDS_NETWORK:
        assert kind.RUNS_PROGRAMS


def test_two_kinds_cannot_have_one_key() -> None:
    with pytest.raises(ValueError, match="two customizations have the key write"):
        register(registered()["write"])


def test_the_reference_page_is_what_the_registry_says() -> None:
    # Stale? Write what `reference(registered())` returns into it.
    assert PAGE.read_text() == reference(registered())
