"""Evidence as a document: every field is explained in its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from goldsmith.rules.evidence import Evidence


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
