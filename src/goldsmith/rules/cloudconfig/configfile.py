"""One file of cloud-init's configuration as rules see it: what it says, and where each word of it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from goldsmith.cloudinit.document import Problem, compose, parse
from goldsmith.findings import GuestPlace, HostPlace

Loc = tuple[str | int, ...]
"""The way to a value: keys of mappings (as text) and positions in lists."""
At = Callable[[int, int], HostPlace | GuestPlace]
"""The place of a line and a column, both 1-based."""


@dataclass(frozen=True, slots=True)
class Word:
    """A value of the file. `key` and `value` are (line, column), 1-based; `key` is that of the value in a list.

    `written` is the text of a scalar as it stands there, `plain` says that no quotes are around it, `tag` is what YAML
    resolves it to: str, int, float, bool, null, timestamp, seq, map.
    """

    loc: Loc
    key: tuple[int, int]
    value: tuple[int, int]
    tag: str
    written: str = ""
    plain: bool = False
    key_tag: str = "str"


@dataclass(frozen=True)
class ConfigFile:
    """`path` is where cloud-init reads it, `at` makes places of it, `vendor` says that a package of the distribution
    brought it and nobody changed it: such a file counts, but nobody is told how to write it. `named` is where its name
    is said, if elsewhere.
    """

    path: str
    content: bytes
    at: At
    vendor: bool = False
    named: HostPlace | None = None

    @property
    def head(self) -> HostPlace | GuestPlace:
        """The place of what is said of the whole file."""
        return self.named or self.at(1, 1)

    @cached_property
    def _parsed(self) -> tuple[Mapping[Any, Any], tuple[Problem, ...]]:
        return parse(self.path, self.content)

    @property
    def config(self) -> Mapping[Any, Any]:
        """The dictionary as cloud-init sees it; empty where it drops the file."""
        return self._parsed[0]

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self._parsed[1]

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The text line by line, undecodable bytes replaced."""
        return tuple(self.content.decode("utf-8-sig", "replace").split("\n"))

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """Every value in the order of the file, none where cloud-init reads none. An alias is what it stands for."""
        if not self.config:
            return ()
        node = compose(self.content.decode())
        return tuple(_words(node, (), None)) if node is not None else ()

    def find(self, *loc: str | int) -> Word | None:
        """The last word at a location: of two equal keys the last one counts."""
        return self._by_loc.get(loc)

    @cached_property
    def _by_loc(self) -> Mapping[Loc, Word]:
        return {word.loc: word for word in self.words}

    def value(self, loc: Loc) -> Any:
        """What the file says there, None where it says nothing; lists are not looked into."""
        value: Any = self.config
        for part in loc:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def place(self, *loc: str | int) -> HostPlace | GuestPlace:
        """Where a key stands, or the nearest part above it that does."""
        while loc:
            word = self.find(*loc)
            if word is not None:
                return self.at(*word.key)
            loc = loc[:-1]
        return self.at(1, 1)


def _words(node: yaml.Node, loc: Loc, key: yaml.Node | None) -> Iterator[Word]:
    yield Word(
        loc,
        _mark(key if key is not None else node),
        _mark(node),
        _tag(node),
        node.value if isinstance(node, yaml.ScalarNode) else "",
        isinstance(node, yaml.ScalarNode) and node.style is None,
        _tag(key) if key is not None else "str",
    )
    if isinstance(node, yaml.MappingNode):
        for key_node, value in node.value:
            yield from _words(value, (*loc, _name(key_node)), key_node)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _words(value, (*loc, number), None)


def _name(key: yaml.Node) -> str:
    return str(key.value) if isinstance(key, yaml.ScalarNode) else ""


def _mark(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _tag(node: yaml.Node) -> str:
    return str(node.tag).rpartition(":")[2]
