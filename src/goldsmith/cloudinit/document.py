"""One configuration file as the guest's cloud-init reads it: PyYAML's safe loader, and what it does with bad files."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import yaml

from goldsmith.cloudinit.located import Mark, Value, located, plain

# A file that expands to more is no configuration: aliases can make a few lines into terabytes. A distribution's own
# cloud.cfg has about 150 values.
MAX_VALUES = 20_000
MAX_DEPTH = 64
TOO_LARGE = "aliases or nesting make it too large to be meant, so goldsmith does not follow it"
# libyaml's composer recurses in C: what it is given is short, and shallow by its lines' indentation.
SIMPLE_LENGTH = 64 << 10
_WORDS = (
    r"(?:[A-Za-z0-9_/.+=][A-Za-z0-9_/.+= -]*|\[[A-Za-z0-9_./+ ,-]*\]"
    r"|'[ -&(-\[\]-~]*'|\"[ !#-\[\]-~]*\")"
)
_SIMPLE_LINE = re.compile(
    rf" {{0,40}}(?:- )?(?:[A-Za-z_][A-Za-z0-9_.-]{{0,60}}:(?: {_WORDS})?|{_WORDS})? *| {{0,40}}#[ -~]*"
)
_LIBYAML = getattr(yaml, "CSafeLoader", None)
# How many files are kept as they were read: a prediction reads the same ones again and again.
KEPT = 4096
JINJA = re.compile(r"##\s*template:\s*jinja", re.IGNORECASE)
MAP, SEQUENCE = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
MERGE = "tag:yaml.org,2002:merge"
RESOLVED = frozenset({MERGE, "tag:yaml.org,2002:value"})


class Effect(StrEnum):
    """What cloud-init does about a problem."""

    FATAL = "fatal"  # an exception escapes: every stage dies before it writes its status
    DROPPED = "dropped"  # the file counts as empty, the others are kept
    SUSPECT = "suspect"  # it is read, but hardly as it was meant
    UNKNOWN = "unknown"  # goldsmith could not read it, cloud-init may


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a guest's configuration; `line` and `column` are 1-based."""

    path: str
    effect: Effect
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return f"{self.path}{f':{self.line}' if self.line else ''}: {self.message}"


@dataclass(frozen=True, slots=True)
class Document:
    """A file: its mapping as cloud-init sees it on a first boot ({} where it drops it), and what is wrong with it."""

    value: Value
    problems: tuple[Problem, ...] = ()


def parse(path: str, content: bytes) -> tuple[dict[Any, Any], tuple[Problem, ...]]:
    """The file's plain dictionary, and what is wrong with it."""
    document = read(path, content)
    config: dict[Any, Any] = plain(document.value)
    return config, document.problems


@lru_cache(maxsize=KEPT)
def read(path: str, content: bytes) -> Document:
    """The file with the place of each value. Never raises. What it returned is kept, and not to be changed."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _nothing(path, Effect.FATAL, f"not UTF-8 at byte {error.start}: cloud-init dies reading it")
    return read_text(path, text)


def read_text(path: str, text: str) -> Document:
    """As `read`, for text that is decoded already."""
    problems: list[Problem] = []
    if JINJA.match(text):
        # The early stage of a first boot reads it before there is instance data, so the raw text counts.
        problems.append(Problem(path, Effect.SUSPECT, "a jinja template is read unrendered on a first boot", 1, 1))
    try:
        root = _load(path, text, problems)
    except yaml.YAMLError as error:
        mark = getattr(error, "context_mark", None) or getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        place = (mark.line + 1, mark.column + 1) if mark else (None, None)
        return _nothing(path, Effect.DROPPED, f"not readable as YAML: {what}", *place, before=problems)
    except RecursionError:
        return _nothing(path, Effect.FATAL, "nested too deeply to be read", before=problems)
    except (ValueError, TypeError) as error:
        return _nothing(path, Effect.DROPPED, f"not readable as YAML: {error}", before=problems)
    except (LookupError, AttributeError, ArithmeticError) as error:
        # PyYAML's own mistakes, such as an empty !!int: cloud-init does not expect them.
        what = f"PyYAML fails on a tag ({type(error).__name__}), and cloud-init dies of it"
        return _nothing(path, Effect.FATAL, what, before=problems)
    if root is None or root.data is None:
        return Document(Value({}), tuple(problems))
    if not isinstance(root.data, dict):
        what = f"the top level is a {type(root.data).__name__}, not a dictionary"
        return _nothing(path, Effect.DROPPED, what, 1, before=problems)
    return Document(root, tuple(problems))


def _nothing(
    path: str,
    effect: Effect,
    message: str,
    line: int | None = None,
    column: int | None = None,
    *,
    before: list[Problem] | None = None,
) -> Document:
    return Document(Value({}), (*(before or ()), Problem(path, effect, message, line, column)))


class _Bounded(yaml.SafeLoader):
    """PyYAML's own composer, which gives up early where a document is no configuration any more."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.seen = 0
        self.depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.seen += 1
        if self.seen > MAX_VALUES or self.depth > MAX_DEPTH:
            raise yaml.YAMLError(TOO_LARGE)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


@lru_cache(maxsize=KEPT)
def compose(text: str) -> yaml.Node | None:
    """The document of a text as PyYAML's nodes, which are kept and not to be changed. Raises yaml.YAMLError."""
    return _compose(text)


def _compose(text: str) -> yaml.Node | None:
    if _LIBYAML is not None and _is_simple(text):
        try:
            return _as_pythons(_composed(_LIBYAML(text)))
        except yaml.YAMLError:
            # The guest's own parser says what is wrong, and where.
            pass
    return _composed(_Bounded(text))


def _composed(loader: Any) -> yaml.Node | None:
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


def _as_pythons(root: yaml.Node | None) -> yaml.Node | None:
    """Libyaml's nodes with the style that PyYAML's own parser gives to what has no quotes."""
    pending = [root] if root is not None else []
    while pending:
        node = pending.pop()
        if isinstance(node, yaml.ScalarNode):
            node.style = node.style or None
        pending.extend(_children(node))
    return root


def _is_simple(text: str) -> bool:
    """Whether libyaml makes the same nodes of it, several times as fast: plain lines of keys, words and short lists,
    without tabs, colons in words, anchors, tags, escapes and blocks of text. Tests compare both on such texts.
    """
    return len(text) <= SIMPLE_LENGTH and all(_SIMPLE_LINE.fullmatch(line) for line in text.split("\n"))


def _load(path: str, text: str, problems: list[Problem]) -> Value | None:
    node = compose(text)
    if node is None:
        return None
    if _measure(node):
        # Merge keys are resolved in the nodes themselves.
        node = _compose(text)
        assert node is not None
    problems.extend(_duplicates(path, node))
    return _build(path, yaml.SafeLoader(""), node)


def _build(path: str, loader: yaml.SafeLoader, node: yaml.Node) -> Value:
    """What PyYAML constructs of a node, with the places of what is inside."""
    mark = Mark(path, node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.MappingNode) and node.tag == MAP:
        # Merge keys (<<) become keys before the own ones, which win.
        loader.flatten_mapping(node)
        children: dict[Any, Value] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(
                    "while constructing a mapping", node.start_mark, "found unhashable key", key_node.start_mark
                )
            children[key] = _build(path, loader, value_node)
        return Value(children, mark)
    if isinstance(node, yaml.SequenceNode) and node.tag == SEQUENCE:
        return Value([_build(path, loader, child) for child in node.value], mark)
    return located(loader.construct_object(node, deep=True), mark)


def _measure(root: yaml.Node) -> bool:
    """Whether the nodes hold something that PyYAML resolves in them. Raises YAMLError where there are too many."""
    seen, merges = 0, False
    pending = [(root, 0)]
    while pending:
        node, depth = pending.pop()
        seen += 1
        if seen > MAX_VALUES or depth > MAX_DEPTH:
            raise yaml.YAMLError(TOO_LARGE)
        merges = merges or node.tag in RESOLVED
        pending.extend((child, depth + 1) for child in _children(node))
    return merges


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _duplicates(path: str, root: yaml.Node) -> Iterator[Problem]:
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    continue
                if key.value in keys and key.tag != MERGE:
                    place = (key.start_mark.line + 1, key.start_mark.column + 1)
                    yield Problem(path, Effect.SUSPECT, f"{key.value} is there twice; the last one counts", *place)
                keys.add(key.value)
        pending.extend(_children(node))
