"""How cloud-init folds one configuration under another: its mergers `list()+dict()+str()`, with all their options.

Source: cloudinit/mergers/ and util.mergemanydict, 22.4.2 and 26.2 (equal). Sources are visited from the strongest to
the weakest, and by default nothing that is already there is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

DEFAULT = "list()+dict()+str()"
KNOWN = frozenset({"list", "dict", "str"})
_NAME = re.compile(r"(^[a-zA-Z_][A-Za-z0-9_]*)\((.*?)\)$")


class MergeError(ValueError):
    """A `merge_how` that cloud-init cannot follow: the exception ends each of its stages."""


@dataclass(frozen=True, slots=True)
class Mergers:
    """The options of the mergers that are in force; None where a kind of value has no merger, so the stronger stays."""

    dict_: frozenset[str] | None
    list_: frozenset[str] | None
    str_: frozenset[str] | None

    def merge(self, strong: Any, weak: Any) -> Any:
        """`weak` folded under `strong`. The merger is chosen by the type of the stronger value."""
        if isinstance(strong, dict) and self.dict_ is not None:
            return self._dict(strong, weak, self.dict_) if isinstance(weak, dict) else strong
        if isinstance(strong, list) and self.list_ is not None:
            return self._list(strong, weak, self.list_)
        if isinstance(strong, str) and self.str_ is not None:
            # A string gives way to whatever lies under it, a dictionary too.
            if "append" not in self.str_:
                return weak
            if not isinstance(weak, str):
                raise MergeError(f"a string cannot be merged with {weak!r} by str(append)")
            return strong + weak
        return strong

    def _dict(self, strong: dict[Any, Any], weak: dict[Any, Any], options: frozenset[str]) -> dict[Any, Any]:
        merged = dict(strong)
        for key, value in weak.items():
            if key not in merged:
                merged[key] = value
            elif value is None and "allow_delete" in options:
                del merged[key]
            elif "replace" in options:
                merged[key] = value
            elif isinstance(value, dict) or self._recurses(value, options):
                merged[key] = self.merge(merged[key], value)
        return merged

    def _list(self, strong: list[Any], weak: Any, options: frozenset[str]) -> Any:
        method = next((name for name in ("append", "prepend", "replace", "no_replace") if name in options), "replace")
        if not isinstance(weak, list) and method == "replace":
            return weak
        if not isinstance(weak, list | dict | str) or (
            method == "no_replace" and strong and weak and isinstance(weak, dict)
        ):
            raise MergeError(f"a list cannot be merged with {weak!r} by list({method})")
        if method == "append":
            return [*strong, *weak]
        if method == "prepend":
            return [*weak, *strong]
        merged = list(strong)
        if method == "no_replace":
            return merged
        for number, value in enumerate(weak[: len(merged)]):
            recurses = self._recurses(value, options) or (isinstance(value, dict) and "recurse_dict" in options)
            merged[number] = self.merge(merged[number], value) if recurses else value
        return merged

    @staticmethod
    def _recurses(value: Any, options: frozenset[str]) -> bool:
        if isinstance(value, list):
            return bool(options & {"recurse_array", "recurse_list"})
        return isinstance(value, str) and "recurse_str" in options


def fold(sources: Iterable[dict[Any, Any]]) -> dict[Any, Any]:
    """All sources, the strongest first, as one dictionary. A source's own `merge_how` says how *it* is folded under
    what is there already, and is dropped. Raises MergeError.
    """
    merged: dict[Any, Any] = {}
    for source in sources:
        if not source:
            continue
        own, rest = _extract(source)
        merged = mergers(own or DEFAULT).merge(merged, rest)
    return merged


def mergers(how: Any) -> Mergers:
    """Mergers as a string or a list says. Raises MergeError."""
    chosen: dict[str, frozenset[str]] = {}
    for name, options in _parse(how):
        bare = name.removeprefix("m_")
        if bare not in KNOWN:
            raise MergeError(f"unknown merger {name!r}")
        chosen.setdefault(bare, frozenset(str(option) for option in options))
    return Mergers(chosen.get("dict"), chosen.get("list"), chosen.get("str"))


def _extract(source: dict[Any, Any]) -> tuple[Any, dict[Any, Any]]:
    rest = dict(source)
    how = rest.pop("merge_how", None)
    if how is None:
        # Only then is the other spelling looked at, and removed.
        how = rest.pop("merge_type", None)
    return how, rest


def _parse(how: Any) -> Iterable[tuple[str, Sequence[Any]]]:
    if isinstance(how, str):
        for part in how.split("+"):
            name = part.lower().strip().replace("-", "_")
            if not name:
                continue
            match = _NAME.match(name)
            if match is None:
                raise MergeError(f"merger {name!r} is not of the form name(options)")
            yield match[1], [option.strip() for option in match[2].split(",") if option.strip()]
        return
    if not isinstance(how, list):
        raise MergeError(f"mergers are a string or a list, not {how!r}")
    for item in how:
        if isinstance(item, dict) and isinstance(item.get("name"), str) and isinstance(item.get("settings"), list):
            yield item["name"].replace("-", "_").strip(), item["settings"]
        elif isinstance(item, list) and item and isinstance(item[0], str):
            yield item[0], item[1:]
        else:
            raise MergeError(f"merger {item!r} is neither a list nor a name with settings")
