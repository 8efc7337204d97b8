"""How cloud-init folds one configuration under another: its mergers `list()+dict()+str()`, with all their options.

Source: cloudinit/mergers/ and util.mergemanydict, 22.4 to 26.2 (equal). Sources are visited from the strongest to the
weakest, and by default nothing that is already there is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from goldsmith.cloudinit.located import Value, located, plain

DEFAULT = "list()+dict()+str()"
KNOWN = frozenset({"list", "dict", "str"})
OPTIONS = (
    "append", "prepend", "replace", "no_replace", "allow_delete",
    "recurse_str", "recurse_dict", "recurse_array", "recurse_list",
)  # fmt: skip
LIST_METHODS = ("append", "prepend", "replace", "no_replace")
_NAME = re.compile(r"(^[a-zA-Z_][A-Za-z0-9_]*)\((.*?)\)$")


class MergeError(ValueError):
    """A `merge_how` that cloud-init cannot follow: the exception ends each of its stages."""


@dataclass(frozen=True, slots=True)
class Mergers:
    """The options of the mergers that are in force; None where a kind of value has no merger, so the stronger stays."""

    dict_: frozenset[str] | None
    list_: frozenset[str] | None
    str_: frozenset[str] | None

    def merge(self, strong: Value, weak: Value) -> Value:
        """`weak` folded under `strong`. The merger is chosen by the type of the stronger value."""
        data = strong.data
        if isinstance(data, dict) and self.dict_ is not None:
            return self._dict(strong, weak, self.dict_) if isinstance(weak.data, dict) else strong.over(weak)
        if isinstance(data, list) and self.list_ is not None:
            return self._list(strong, weak, self.list_)
        if isinstance(data, str) and self.str_ is not None:
            # A string gives way to whatever lies under it, a dictionary too.
            if "append" not in self.str_:
                return weak.over(strong)
            if not isinstance(weak.data, str):
                raise MergeError(f"a string cannot be merged with {plain(weak)!r} by str(append)")
            return replace(strong, data=data + weak.data)
        return strong.over(weak)

    def _dict(self, strong: Value, weak: Value, options: frozenset[str]) -> Value:
        merged = dict(strong.data)
        for key, value in weak.data.items():
            if key not in merged:
                merged[key] = value
            elif value.data is None and "allow_delete" in options:
                del merged[key]
            elif "replace" in options:
                merged[key] = value.over(merged[key])
            elif isinstance(value.data, dict) or self._recurses(value.data, options):
                merged[key] = self.merge(merged[key], value)
            else:
                merged[key] = merged[key].over(value)
        return Value(merged, strong.mark or weak.mark, (*strong.overrides, *weak.overrides))

    def _list(self, strong: Value, weak: Value, options: frozenset[str]) -> Value:
        method = next((name for name in LIST_METHODS if name in options), "replace")
        if method == "replace" and not isinstance(weak.data, list):
            return weak.over(strong)
        others = _items(weak, method)
        if method == "append":
            return replace(strong, data=[*strong.data, *others])
        if method == "prepend":
            return replace(strong, data=[*others, *strong.data])
        merged = list(strong.data)
        if method == "no_replace":
            if merged and others and isinstance(weak.data, dict) and 0 not in weak.data:
                raise MergeError(f"a list cannot be merged with {plain(weak)!r} by list(no_replace)")
            return Value(merged, strong.mark).over(strong, weak) if others else strong
        for number, value in enumerate(others[: len(merged)]):
            recurses = self._recurses(value.data, options) or (
                isinstance(value.data, dict) and "recurse_dict" in options
            )
            merged[number] = self.merge(merged[number], value) if recurses else value.over(merged[number])
        return replace(strong, data=merged)

    @staticmethod
    def _recurses(data: Any, options: frozenset[str]) -> bool:
        if isinstance(data, list):
            return bool(options & {"recurse_array", "recurse_list"})
        return isinstance(data, str) and "recurse_str" in options


def fold(sources: Iterable[dict[Any, Any]]) -> dict[Any, Any]:
    """All sources, the strongest first, as one dictionary. A source's own `merge_how` says how *it* is folded under
    what is there already, and is dropped. Raises MergeError.
    """
    folded: dict[Any, Any] = plain(fold_located(located(source) for source in sources))
    return folded


def fold_located(sources: Iterable[Value]) -> Value:
    """The same with places: each value knows where it stands and what it won over. Raises MergeError."""
    merged = Value({})
    for source in sources:
        if not source.data:
            continue
        own, rest = _extract(source)
        merged = mergers(DEFAULT if own is None else own).merge(merged, rest)
    return merged


def mergers(how: Any) -> Mergers:
    """Mergers as a string or a list says. Raises MergeError."""
    chosen: dict[str, frozenset[str]] = {}
    try:
        # An empty way of merging is none at all.
        for name, options in list(_parse(how)) or _parse(DEFAULT):
            bare = name.removeprefix("m_")
            if bare not in KNOWN:
                raise MergeError(f"unknown merger {name!r}")
            chosen.setdefault(bare, frozenset(option for option in OPTIONS if option in options))
    except (TypeError, LookupError, AttributeError) as error:
        raise MergeError(f"{how!r} says no way of merging") from error
    return Mergers(chosen.get("dict"), chosen.get("list"), chosen.get("str"))


def _items(weak: Value, method: str) -> list[Value]:
    if isinstance(weak.data, list):
        return weak.data
    try:
        return [located(item, weak.mark) for item in weak.data]
    except TypeError as error:
        raise MergeError(f"a list cannot be merged with {plain(weak)!r} by list({method})") from error


def _extract(source: Value) -> tuple[Any, Value]:
    rest = dict(source.data)
    how = rest.pop("merge_how", None)
    if how is None or how.data is None:
        # Only then is the other spelling looked at, and removed.
        how = rest.pop("merge_type", None)
    return (plain(how) if how is not None else None), replace(source, data=rest)


def _parse(how: Any) -> Iterator[tuple[str, Any]]:
    """Name and options of each merger; what is not as cloud-init expects it raises what it raises there."""
    if isinstance(how, str):
        for part in how.split("+"):
            name = part.lower().strip().replace("-", "_")
            if not name:
                continue
            match = _NAME.match(name)
            if match is None:
                raise MergeError(f"merger {name!r} is not of the form name(options)")
            yield match[1], [option.strip() for option in match[2].split(",")]
        return
    for item in how:
        if isinstance(item, dict):
            name, options = item["name"].replace("-", "_").strip(), item["settings"]
        else:
            name, options = item[0], item[1:]
        if name:
            yield name, options
