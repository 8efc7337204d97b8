"""Values of a configuration that know where they stand and what they override."""

from __future__ import annotations

import base64
import datetime as dt
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value begins: a guest path, or words for what is no file; line and column are 1-based, 0 where the file
    itself is only assumed.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else f"{self.file} (assumed)"


@dataclass(frozen=True, slots=True)
class Value:
    """`data` is a dict of keys to Values, a list of Values, or a scalar as PyYAML makes it.

    `mark` is None for what comes from no text, such as built-in defaults. `overrides` are the values that stood here
    too and lost, the strongest first, without chains of their own. A merged mapping has the strongest file's mark.
    """

    data: Any
    mark: Mark | None = None
    overrides: tuple[Value, ...] = ()

    def over(self, *losers: Value) -> Value:
        """This value, winning over others and all that they had won over."""
        lost = [each for loser in losers for each in (loser.alone(), *loser.overrides)]
        return replace(self, overrides=(*self.overrides, *lost))

    def alone(self) -> Value:
        """This value without what it overrides."""
        return replace(self, overrides=()) if self.overrides else self


def plain(value: Value) -> Any:
    """The value as cloud-init has it, without places."""
    data = value.data
    if isinstance(data, dict):
        return {key: plain(child) for key, child in data.items()}
    if isinstance(data, list):
        return [plain(child) for child in data]
    return data


def located(data: Any, mark: Mark | None = None) -> Value:
    """A plain value, all of it at one place."""
    if isinstance(data, dict):
        return Value({key: located(child, mark) for key, child in data.items()}, mark)
    if isinstance(data, list):
        return Value([located(child, mark) for child in data], mark)
    return Value(data, mark)


def assuming(value: Value, files: Collection[str]) -> Value:
    """The same value, its places in some files without line and column."""
    mark = Mark(value.mark.file, 0, 0) if value.mark is not None and value.mark.file in files else value.mark
    data = value.data
    if isinstance(data, dict):
        data = {key: assuming(child, files) for key, child in data.items()}
    elif isinstance(data, list):
        data = [assuming(child, files) for child in data]
    return Value(data, mark, tuple(assuming(each, files) for each in value.overrides))


def walk(value: Value, pointer: str = "") -> Iterator[tuple[str, Value]]:
    """Every value below with its JSON pointer (RFC 6901), depth first, in the order of the files."""
    if isinstance(value.data, dict):
        children = [(key_text(key), child) for key, child in value.data.items()]
    elif isinstance(value.data, list):
        children = [(str(number), child) for number, child in enumerate(value.data)]
    else:
        return
    for key, child in children:
        below = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        yield below, child
        yield from walk(child, below)


def key_text(key: Any) -> str:
    """A key as JSON spells it: YAML's keys may be numbers, booleans and dates."""
    match key:
        case str():
            return key
        case bool():
            return "true" if key else "false"
        case None:
            return "null"
        case _:
            return str(jsonable(key))


def jsonable(data: Any) -> Any:
    """A plain value as JSON can carry it: dates as ISO 8601, bytes as base64, sets as lists, no NaN and no infinity."""
    match data:
        case dict():
            return {key_text(key): jsonable(child) for key, child in data.items()}
        case list() | tuple():
            return [jsonable(child) for child in data]
        case set():
            return sorted((jsonable(child) for child in data), key=str)
        case float() if not math.isfinite(data):
            return str(data)
        case dt.date() | dt.datetime():
            return data.isoformat()
        case bytes():
            return base64.b64encode(data).decode("ascii")
        case _:
            return data
