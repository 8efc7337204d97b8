"""Evidence as a document: every field explained in its schema, and no other version taken for this one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from goldsmith.errors import InputError
from goldsmith.rules.evidence import Evidence

RECORDED = Path(__file__).parents[1] / "verification" / "recorded-evidence.json"


@pytest.fixture
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return loaded


def unexplained(schema: Mapping[str, Any]) -> Iterator[str]:
    """Every property that its type's description does not name in backquotes."""
    for name, kind in {"Evidence": schema, **schema["$defs"]}.items():
        for field in kind.get("properties", ()):
            if f"`{field}`" not in kind.get("description", ""):
                yield f"{name}.{field}"


def test_every_field_is_named_where_its_type_is_described() -> None:
    assert list(unexplained(Evidence.json_schema())) == []


def test_a_field_that_nothing_explains_would_be_noticed() -> None:
    schema = Evidence.json_schema()
    schema["properties"]["surprise"] = {"type": "string"}
    schema["$defs"]["Span"].pop("description")
    assert list(unexplained(schema)) == ["Evidence.surprise", "Span.name", "Span.start", "Span.seconds"]


@pytest.mark.parametrize("schema", ["goldsmith.evidence/7", "goldsmith.manifest/1"])
def test_evidence_of_another_version_is_refused(document: dict[str, Any], schema: str) -> None:
    with pytest.raises(InputError) as refused:
        Evidence.from_json({**document, "schema": schema})
    said = f"this is evidence of schema {schema}, and this goldsmith reads goldsmith.evidence/1"
    assert (refused.value.message, refused.value.hint) == (said, "report it with the goldsmith that wrote it")


def test_evidence_of_another_version_is_refused_whatever_else_is_in_it() -> None:
    with pytest.raises(InputError, match=r"goldsmith\.evidence/2"):
        Evidence.from_json({"schema": "goldsmith.evidence/2", "clones": "of another form"})


def test_a_schema_that_a_stranger_wrote_is_safe_to_print(document: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        Evidence.from_json({**document, "schema": "\x1b[2J" + "x" * 1000})
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 200


@pytest.mark.parametrize("schema", [None, 1, ["goldsmith.evidence/1"]])
def test_a_schema_that_is_no_text_is_no_evidence(document: dict[str, Any], schema: object) -> None:
    with pytest.raises(InputError, match="this is no recorded evidence: schema"):
        Evidence.from_json({**document, "schema": schema})


def test_evidence_that_names_no_schema_stays_readable(document: dict[str, Any]) -> None:
    del document["schema"]
    assert Evidence.from_json(document).schema == "goldsmith.evidence/1"
