"""The reference page of recipe steps, made from the registry: keys, docstrings and fields."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import RootModel

from goldsmith.customization.customization import Customization

HEAD = """\
# Steps of a recipe

<!-- made by goldsmith.customization.reference; a test fails when it is stale -->

`defaults` and `datasource` are keys of the recipe itself. All others are items of `customize:`, done in their order.
Steps that run programs of the guest need an engine that can (`mount`, `guestfs`).
"""


def reference(kinds: Mapping[str, type[Customization]]) -> str:
    """The whole page in Markdown."""
    ordered = sorted(kinds.values(), key=lambda kind: (not kind.TOP_LEVEL, kind.KEY))
    return "\n".join([HEAD, *(_section(kind) for kind in ordered)])


def _section(kind: type[Customization]) -> str:
    lines = [f"## {kind.KEY}", "", inspect.getdoc(kind) or "", ""]
    runs = [
        *(["runs programs of the guest"] if kind.RUNS_PROGRAMS else []),
        *(["needs the network"] if kind.NEEDS_NETWORK else []),
    ]
    if kind.TOP_LEVEL:
        lines += ["A key of the recipe itself.", ""]
    if runs:
        lines += [f"It {' and '.join(runs)}.", ""]
    schema = kind.model_json_schema(by_alias=True)
    if issubclass(kind, RootModel):
        lines.append(f"Value: {_type(schema, schema)}. {kind.model_fields['root'].description or ''}".rstrip())
    else:
        lines += ["| field | value | default | meaning |", "|---|---|---|---|", *_rows(schema)]
    return "\n".join([*lines, "", "```yaml", kind.EXAMPLE.rstrip(), "```", ""])


def _rows(schema: Mapping[str, Any]) -> Iterator[str]:
    required = set(schema.get("required", ()))
    for name, field in schema["properties"].items():
        default = "required" if name in required else _shown(field.get("default"))
        yield f"| `{name}` | {_type(field, schema)} | {default} | {_cell(field.get('description', ''))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _shown(value: object) -> str:
    match value:
        case None | [] | {}:
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case _:
            return f"`{value}`"


def _type(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """A field's type in words."""
    match field:
        case {"anyOf": [*choices]}:
            return " or ".join(_type(choice, schema) for choice in choices if choice.get("type") != "null")
        case {"enum": [*values]}:
            return ", ".join(f"`{value}`" for value in values)
        case {"const": value}:
            return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"
        case {"type": "array", "items": dict(items)}:
            return f"list of {_type(items, schema)}s"
        case {"type": "object"}:
            return "mapping of texts"
        case {"type": str(name)}:
            return {"string": "text", "boolean": "`true` or `false`"}.get(name, name)
        case _:
            return "value"
