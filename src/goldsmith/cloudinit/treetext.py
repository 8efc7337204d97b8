"""A configuration as people read it: YAML's shape, with the place of each value beside it."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from typing import Any

from goldsmith.cloudinit.effective import CLOUD_CFG_D
from goldsmith.cloudinit.located import Mark, Value, jsonable, key_text, plain
from goldsmith.findings import printable

BUILTIN = "built in"
WIDTH = 60
LONGEST = 100


def tree_lines(value: Value) -> list[str]:
    """A line for each value, its origin in a column of its own."""
    rows = list(_rows(value, 0))
    width = min(max((len(left) for left, _ in rows), default=0), WIDTH)
    return [f"{left:<{width}}  # {right}" if right else left for left, right in rows]


def chain_lines(value: Value) -> list[str]:
    """The value's place, then what it won over, the strongest first."""
    return [
        f"  {'  over ' if number else 'from '}{place(each.mark)}: {shown(each)}"
        for number, each in enumerate((value.alone(), *value.overrides))
    ]


def place(mark: Mark | None) -> str:
    """Where a value stands, for people."""
    return printable(str(mark)) if mark is not None else BUILTIN


def shown(value: Value) -> str:
    """A value in one line of JSON, shortened."""
    text = json.dumps(jsonable(plain(value)), ensure_ascii=False)
    return printable(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


def _rows(value: Value, depth: int, lead: str = "") -> Iterator[tuple[str, str]]:
    """Left and right of each line below a value."""
    indent = "  " * depth
    children: list[tuple[str, Value]]
    if isinstance(value.data, dict):
        children = [(f"{printable(key_text(key))}:", child) for key, child in value.data.items()]
    else:
        children = [("-", child) for child in value.data] if isinstance(value.data, list) else []
    for number, (name, child) in enumerate(children):
        start = f"{lead if number == 0 else indent}{name}"
        if _is_long(child):
            if name == "-":
                yield from _rows(child, depth + 1, f"{start} ")
            else:
                yield start, _origin(child) if not isinstance(child.data, dict) else ""
                yield from _rows(child, depth + 1, "  " * (depth + 1))
        else:
            yield f"{start} {_scalar(child)}", _origin(child)


def _is_long(value: Value) -> bool:
    """Whether it takes lines of its own: a mapping, or a list of anything but a few short scalars of one place."""
    if isinstance(value.data, dict):
        return bool(value.data)
    if not isinstance(value.data, list) or not value.data or value.mark is None:
        return False
    simple = all(not isinstance(child.data, dict | list) for child in value.data)
    return not simple or len(_scalar(value)) > WIDTH - 10


def _scalar(value: Value) -> str:
    data: Any = plain(value)
    if isinstance(data, str) and data.isprintable() and data and not data[0].isspace() and len(data) <= LONGEST:
        return data if not _needs_quotes(data) else json.dumps(data, ensure_ascii=False)
    return shown(value)


def _needs_quotes(text: str) -> bool:
    """Whether a reader could take it for something else than a string."""
    return text.lower() in {"true", "false", "null", "yes", "no", "on", "off", "~"} or text[0].isdigit() or ": " in text


def _origin(value: Value) -> str:
    over = value.overrides[0] if value.overrides else None
    return _short(value.mark) + (f", over {shown(over)} of {_short(over.mark)}" if over is not None else "")


def _short(mark: Mark | None) -> str:
    if mark is None:
        return BUILTIN
    name = posixpath.basename(mark.file) if posixpath.dirname(mark.file) in {CLOUD_CFG_D, "/etc/cloud"} else mark.file
    return printable(f"{name}:{mark.line}") if mark.line else printable(f"{name} (assumed)")
