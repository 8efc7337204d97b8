"""One configuration file as the guest's cloud-init reads it: PyYAML's safe loader, and what it does with bad files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml

# A file that expands to more is no configuration: aliases can make a few lines into terabytes.
MAX_VALUES = 100_000
MAX_DEPTH = 64
JINJA_HEADER = "## template: jinja"


class Effect(StrEnum):
    """What cloud-init does about a problem."""

    FATAL = "fatal"  # an exception escapes: every stage dies before it writes its status
    DROPPED = "dropped"  # the file counts as empty, the others are kept
    SUSPECT = "suspect"  # it is read, but hardly as it was meant


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a guest's configuration; `line` is 1-based."""

    path: str
    effect: Effect
    message: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.path}{f':{self.line}' if self.line else ''}: {self.message}"


def parse(path: str, content: bytes) -> tuple[dict[Any, Any], tuple[Problem, ...]]:
    """The file's dictionary as cloud-init sees it on a first boot ({} where it drops it), and what is wrong with it."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return {}, (Problem(path, Effect.FATAL, f"not UTF-8 at byte {error.start}: cloud-init dies reading it"),)
    problems: list[Problem] = []
    if text.startswith(JINJA_HEADER):
        # The early stage of a first boot reads it before there is instance data, so the raw text counts.
        problems.append(Problem(path, Effect.SUSPECT, "a jinja template is read unrendered on a first boot", 1))
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            _measure(node)
            problems.extend(_duplicates(path, node))
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "context_mark", None) or getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        line = mark.line + 1 if mark else None
        return {}, (*problems, Problem(path, Effect.DROPPED, f"not readable as YAML: {what}", line))
    except RecursionError:
        return {}, (*problems, Problem(path, Effect.FATAL, "nested too deeply to be read"))
    except (ValueError, TypeError) as error:
        return {}, (*problems, Problem(path, Effect.DROPPED, f"not readable as YAML: {error}"))
    if loaded is None:
        return {}, tuple(problems)
    if not isinstance(loaded, dict):
        what = f"the top level is a {type(loaded).__name__}, not a dictionary"
        return {}, (*problems, Problem(path, Effect.DROPPED, what, 1))
    return loaded, tuple(problems)


def _measure(root: yaml.Node) -> None:
    seen = 0
    pending = [(root, 0)]
    while pending:
        node, depth = pending.pop()
        seen += 1
        if seen > MAX_VALUES or depth > MAX_DEPTH:
            raise yaml.YAMLError("aliases or nesting make it too large to be meant")
        pending.extend((child, depth + 1) for child in _children(node))


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
                if key.value in keys and key.tag != "tag:yaml.org,2002:merge":
                    line = key.start_mark.line + 1
                    yield Problem(path, Effect.SUSPECT, f"{key.value} is there twice; the last one counts", line)
                keys.add(key.value)
        pending.extend(_children(node))
