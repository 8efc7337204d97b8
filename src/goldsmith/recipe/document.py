"""A recipe's text as PyYAML understands it, and where each value stands.

The meaning is YAML 1.1 as the guest's own parser reads it. Lines and columns are those of an editor: 1-based, a line
ends at a line feed.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from goldsmith.errors import InputError, RecipeError
from goldsmith.findings import Finding, HostPlace, printable
from goldsmith.recipe.problems import Problem, problem

Loc = tuple[str | int, ...]
"""The way to a value: keys of mappings and positions in lists."""

MAX_BYTES = 1 << 20
MAX_VALUES = 20_000
"""After aliases are followed; a recipe of a thousand lines has about 3,000."""
MAX_DEPTH = 40

_STARTER_HINT = "`goldsmith init` writes a recipe to start from"
_QUOTE = "put it in quotes"
_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map")}
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value stands, as positions in the text, and how a scalar is written there (None for lists and mappings).

    `key` is the position of its key, or of the value itself in a list. `block` is the text's first line, 0-based, where
    it is a literal block (`|`).
    """

    key: int
    value: int
    written: str | None = None
    block: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document. `value` is made of dict (text keys), list, str, int, float, bool and None.

    `problems` are those that leave the rest readable: duplicate keys, keys that are no text, tags.
    """

    file: str
    text: str
    value: object
    spots: dict[Loc, Spot]
    problems: tuple[Finding, ...] = ()

    def place(self, loc: Loc, *, key: bool = False) -> HostPlace:
        """The place of a value, or of its key. For a way that leads into nothing, the place of its last real part."""
        while loc not in self.spots and loc:
            loc = loc[:-1]
        spot = self.spots.get(loc, Spot(0, 0))
        return self._at(spot.key if key else spot.value)

    def place_in_text(self, loc: Loc, line: int, column: int = 1) -> HostPlace:
        """The place of a line and column (1-based) inside a text value: exact in a literal block, else the value's."""
        spot = self.spots.get(loc)
        if spot is None or spot.block is None or spot.written is None:
            return self.place(loc)
        inner, outer = spot.written.split("\n"), self.text.split("\n")
        wanted = spot.block + line - 1
        if not (1 <= line <= len(inner) and wanted < len(outer) and outer[wanted].endswith(inner[line - 1])):
            return self.place(loc)
        whole = outer[wanted]
        indent = len(whole) - len(inner[line - 1])
        return HostPlace(self.file, wanted + 1, min(indent + max(column, 1), len(whole) + 1))

    def written(self, loc: Loc) -> str | None:
        """How the scalar there is written in the file: `1.10` and not 1.1."""
        spot = self.spots.get(loc)
        return spot.written if spot else None

    def _at(self, index: int) -> HostPlace:
        return _place(self.file, self.text, index)


def read_document(path: Path) -> Document:
    """Read a recipe's file, with limits before anything else.

    Raises InputError where there is no readable file, RecipeError where its content is no YAML document within limits.
    """
    return parse_document(_read_limited(path), str(path))


def parse_document(content: bytes, file: str) -> Document:
    """What `read_document` does, on bytes. Raises RecipeError."""
    if len(content) > MAX_BYTES:
        raise _fatal(file, "", 0, f"is larger than {MAX_BYTES >> 20} MiB: this is no recipe", _STARTER_HINT)
    text = _decode(content, file)
    node = _compose(text, file)
    if node is None:
        raise _fatal(file, text, 0, "is empty", _STARTER_HINT)
    builder = _Builder(file, text)
    try:
        value = builder.value(node, ())
    except _TooMuchError as error:
        raise _fatal(file, text, error.index, str(error)) from error
    return Document(file, text, value, builder.spots, tuple(builder.problems))


def _compose(text: str, file: str) -> yaml.Node | None:
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        node: yaml.Node | None = loader.get_single_node()
    except yaml.reader.ReaderError as error:
        message = f"not YAML: the control character {printable(chr(ord(text[error.position])))} may not stand in a file"
        raise _fatal(file, text, error.position, message, "remove it, or write it escaped in double quotes") from error
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, file, text) from error
    except _TooMuchError as error:
        raise _fatal(file, text, error.index, str(error)) from error
    except (ValueError, OverflowError) as error:
        # PyYAML converts "\\UFFFFFFFF" and a directive's huge version number without a check.
        index = loader.index if loader else 0
        raise _fatal(file, text, index, "not YAML: a number that YAML does not know") from error
    return node


class _TooMuchError(Exception):
    """A limit of this reader, and where in the text it was passed."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


class _Loader(yaml.SafeLoader):
    """PyYAML's own, with limits while it reads: its composer is recursive and takes 30 µs for a value."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._values = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        self._values += 1
        if self._depth > MAX_DEPTH or self._values > MAX_VALUES:
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise _too_deep(event.start_mark.index) if self._depth > MAX_DEPTH else _too_many(event.start_mark.index)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


@dataclass(slots=True)
class _Builder:
    """Turns nodes into values and notes their spots. Aliases are followed, each time anew, within the limits."""

    file: str
    text: str
    spots: dict[Loc, Spot] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)
    _left: int = MAX_VALUES
    _scalars: yaml.SafeLoader = field(default_factory=lambda: yaml.SafeLoader(""))

    def value(self, node: yaml.Node, loc: Loc, key: int | None = None) -> object:
        start = node.start_mark.index
        self._spend(start, len(loc))
        self.spots[loc] = self._spot(node, start if key is None else key)
        if node.tag not in _PLAIN_TAGS:
            self._unusual(node)
            return None
        match node:
            case yaml.MappingNode():
                return self._mapping(node, loc)
            case yaml.SequenceNode():
                return [self.value(item, (*loc, number)) for number, item in enumerate(node.value)]
            case _:
                return self._scalar(node)

    def _spend(self, index: int, depth: int) -> None:
        self._left -= 1
        if self._left < 0:
            raise _too_many(index)
        if depth > MAX_DEPTH:
            raise _too_deep(index)

    def _spot(self, node: yaml.Node, key: int) -> Spot:
        start = node.start_mark.index
        if not isinstance(node, yaml.ScalarNode):
            return Spot(key, start)
        block = self.text.count("\n", 0, start) + 1 if node.style == "|" else None
        return Spot(key, start, node.value, block)

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, object]:
        own: dict[str, int] = {}
        result: dict[str, object] = {}
        for key_node, value_node, merged in self._pairs(node, len(loc)):
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != "tag:yaml.org,2002:str":
                self._key_is_no_text(key_node)
                continue
            name: str = key_node.value
            index: int = key_node.start_mark.index
            if merged and name in result:
                continue
            if not merged and name in own:
                first = _place(self.file, self.text, own[name]).line
                self._add(Problem.DUPLICATE_KEY, index, f"`{_short(name)}` is set twice, first in line {first}",
                          "YAML keeps only the last one: remove one")  # fmt: skip
            if not merged:
                own[name] = index
            self._forget((*loc, name))
            result[name] = self.value(value_node, (*loc, name), index)
        return result

    def _pairs(self, node: yaml.MappingNode, depth: int) -> Iterator[tuple[yaml.Node, yaml.Node, bool]]:
        """The mapping's own pairs, then those of its merge keys (`<<`), which never replace."""
        merges: list[yaml.Node] = []
        for key, value in node.value:
            if key.tag == _MERGE:
                merges.extend(value.value if isinstance(value, yaml.SequenceNode) else [value])
            else:
                yield key, value, False
        for merge in merges:
            self._spend(merge.start_mark.index, depth)
            if isinstance(merge, yaml.MappingNode):
                for key, value, _ in self._pairs(merge, depth + 1):
                    self._spend(key.start_mark.index, depth)
                    yield key, value, True
            else:
                self._add(Problem.WRONG_VALUE, merge.start_mark.index, "`<<` merges mappings only")

    def _scalar(self, node: yaml.Node) -> object:
        if node.tag == "tag:yaml.org,2002:str" and any(0xD800 <= ord(each) <= 0xDFFF for each in node.value):
            self._add(Problem.WRONG_VALUE, node.start_mark.index, "half of a character (a lone surrogate)", "remove it")
            return ""
        try:
            return self._scalars.construct_object(node)
        except (ValueError, KeyError, yaml.MarkedYAMLError):
            # An explicit tag on text that does not fit it: `!!int x`, `!!bool x`; or an underscore alone, `0x_`.
            self._add(Problem.WRONG_VALUE, node.start_mark.index, f"`{_short(node.value)}` is no {_tag(node)}", _QUOTE)
            return None

    def _forget(self, loc: Loc) -> None:
        """The first of two equal keys, with everything below it, is not what counts."""
        if loc in self.spots:
            for each in [each for each in self.spots if each[: len(loc)] == loc]:
                del self.spots[each]

    def _unusual(self, node: yaml.Node) -> None:
        index = node.start_mark.index
        if node.tag == "tag:yaml.org,2002:timestamp":
            self._add(Problem.WRONG_VALUE, index, f"YAML reads {node.value} as a date", f'{_QUOTE}: "{node.value}"')
        elif isinstance(node, yaml.ScalarNode) and node.tag in {_MERGE, "tag:yaml.org,2002:value"}:
            self._add(Problem.WRONG_VALUE, index, f"`{node.value}` has a meaning of its own in YAML", _QUOTE)
        else:
            message = f"the YAML tag {_short(_tag(node))} is not used in recipes"
            self._add(Problem.WRONG_VALUE, index, message, "remove it")

    def _key_is_no_text(self, node: yaml.Node) -> None:
        if isinstance(node, yaml.ScalarNode):
            kind = _tag(node)
            hint = f'{_QUOTE}: "{_short(node.value)}"'
            self._add(Problem.WRONG_VALUE, node.start_mark.index, f"the key `{_short(node.value)}` is a {kind}", hint)
        else:
            hint = "a value in braces or brackets needs quotes where it is meant as text"
            self._add(Problem.WRONG_VALUE, node.start_mark.index, "a key must be text", hint)

    def _add(self, code: Problem, index: int, message: str, hint: str | None = None) -> None:
        self.problems.append(problem(code, _place(self.file, self.text, index), message, hint))


def _read_limited(path: Path) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path} is a folder, not a recipe", hint="name the .yaml file in it")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path} is not a regular file")
        if status.st_size > MAX_BYTES:
            size = f"{status.st_size / (1 << 20):.0f} MiB"
            raise _fatal(str(path), "", 0, f"is {size}, larger than 1 MiB: this is no recipe", _STARTER_HINT)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(f"there is no recipe {path}", hint=_STARTER_HINT) from error
    except OSError as error:
        raise InputError(f"cannot read the recipe {path}: {error.strerror}") from error


def _decode(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from behind a byte order mark where there is one.
        marked = 3 if content.startswith(b"\xef\xbb\xbf") else 0
        good = content[marked : marked + error.start].decode("utf-8", "replace")
        message = f"not UTF-8 text: byte 0x{content[marked + error.start]:02x}"
        raise _fatal(file, good, len(good), message, "save the file as UTF-8") from error


def _not_yaml(error: yaml.MarkedYAMLError, file: str, text: str) -> RecipeError:
    mark = error.problem_mark or error.context_mark
    index = mark.index if mark else 0
    what = error.problem or "cannot be parsed"
    hint = None
    if "'\\t'" in what:
        hint = "indent with spaces: YAML does not take tabs"
    elif "another document" in what or "single document" in (error.context or ""):
        return _fatal(
            file, text, index, "has more than one YAML document", "one recipe per file: remove the line `---`"
        )
    elif "mapping values are not allowed" in what:
        hint = "a value that contains `: ` needs quotes, or the indentation is wrong"
    elif "could not find expected ':'" in what or "expected <block end>" in what:
        hint = "look at the indentation of this line and the one above"
    elif "cannot start any token" in what:
        hint = f"{_QUOTE} if it begins a text"
    return _fatal(file, text, index, f"not YAML: {printable(what)}", hint)


def _fatal(file: str, text: str, index: int, message: str, hint: str | None = None) -> RecipeError:
    return RecipeError([problem(Problem.NOT_A_RECIPE, _place(file, text, index), message, hint)])


def _too_many(index: int) -> _TooMuchError:
    return _TooMuchError(f"more than {MAX_VALUES} values once aliases are followed: this is no recipe", index)


def _too_deep(index: int) -> _TooMuchError:
    return _TooMuchError(f"nested deeper than {MAX_DEPTH} levels: this is no recipe", index)


def _place(file: str, text: str, index: int) -> HostPlace:
    index = min(index, len(text))
    return HostPlace(file, text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def _tag(node: yaml.Node) -> str:
    name = node.tag.removeprefix("tag:yaml.org,2002:")
    words = {"int": "number", "float": "number", "bool": "truth value (true or false)", "null": "nothing"}
    return words.get(name, printable(name))


def _short(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"
