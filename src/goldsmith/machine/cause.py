"""Why a boot fails, as its console shows it: what a cause is, and what is known of each.

A cause is a value: how lines show it, what it means in one line, what to do, and whether the boot ends with it. What a
guest prints is its own word: a cause explains a boot that did not get to its end, it never decides alone that one did.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import re2

from goldsmith.machine.console import shown

MOST_FOUND = 24
AUTOMATON_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Cause:
    """One way in which boots fail.

    `line` and `prompt` are RE2 patterns: the first is searched in every line that has ended, the second at the begin of
    one that need not. A group named `what` tells two of a kind apart, and stands for `{what}` in `cause`, the one line
    of what has happened. `unless`: a line with this is another cause. `ends`: the guest waits for a person, or does
    nothing any more; without it the boot goes on, perhaps to its end. `passing`: it is over as soon as systemd says
    anything else. A cause without patterns is found by what watches the boot.
    """

    name: str
    cause: str
    hint: str
    line: str = ""
    prompt: str = ""
    unless: str = ""
    ends: bool = False
    passing: bool = False


@dataclass(frozen=True, slots=True)
class FoundCause:
    """A cause that one boot showed. `name` is the cause's own; `line` is the console's line, safe for a terminal, ""
    where no line showed it; `cause` says in one line what has happened, `hint` what to do; `ends`: the boot gets no
    further. `boot` counts from 1, `what` tells two of one kind apart: a unit, or "".
    """

    name: str
    line: str
    cause: str
    hint: str
    ends: bool = False
    boot: int = 1
    what: str = ""


_REGISTRY: dict[str, Cause] = {}


def cause(
    name: str,
    *,
    cause: str,
    hint: str,
    line: str = "",
    prompt: str = "",
    unless: str = "",
    ends: bool = False,
    passing: bool = False,
) -> Cause:
    """Make a cause known under its name."""
    if name in _REGISTRY:
        raise ValueError(f"two causes are named {name}")
    made = Cause(name, cause, hint, line, prompt, unless, ends, passing)
    for pattern in (line, prompt, unless):
        re2.compile(pattern)
    _REGISTRY[name] = made
    return made


def registered() -> tuple[Cause, ...]:
    """Every cause, sorted by name; importing the package of causes fills this."""
    return tuple(_REGISTRY[name] for name in sorted(_REGISTRY))


def found(name: str, line: str, *, boot: int = 1, what: str = "") -> FoundCause:
    """A cause as a boot showed it."""
    known, of_it = _REGISTRY[name], shown(what).rstrip(".")
    said = known.cause.replace("{what}", of_it)
    return FoundCause(known.name, shown(line), said, known.hint, known.ends, boot, of_it)


def in_line(line: str, boot: int) -> Iterator[FoundCause]:
    """The causes that a line shows that has ended."""
    for each in _signs().matching(line):
        if each.unless and re2.search(each.unless, line):
            continue
        match = re2.search(each.line, line)
        yield found(each.name, line, boot=boot, what=(match.groupdict().get("what") or "") if match else "")


def in_prompt(begin: str, boot: int) -> Iterator[FoundCause]:
    """The causes that the begin of a line shows; what follows in that line is not part of them."""
    match = _signs().prompts.match(begin)
    if match is not None:
        yield found(str(match.lastgroup).replace("_", "-"), match.group(), boot=boot)


class _Signs:
    """All patterns of all causes at once: a console may print a million lines a second."""

    def __init__(self) -> None:
        options = re2.Options()
        options.max_mem = AUTOMATON_BYTES
        self._lines = re2.Set.SearchSet(options)
        self._causes = tuple(each for each in registered() if each.line)
        for each in self._causes:
            self._lines.Add(each.line)
        self._lines.Compile()
        named = (f"(?P<{each.name.replace('-', '_')}>{each.prompt})" for each in registered() if each.prompt)
        self.prompts = re.compile("|".join(named))

    def matching(self, line: str) -> Iterator[Cause]:
        return (self._causes[number] for number in sorted(self._lines.Match(line) or ()))


@cache
def _signs() -> _Signs:
    return _Signs()


class Causes:
    """What one machine's boots have shown so far: each cause once for each boot and subject, and not too many."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, str, str], FoundCause] = {}

    def add(self, causes: Iterable[FoundCause]) -> None:
        """What was found already stays as it was. A dead end is always told."""
        for each in causes:
            if each.ends or len(self._found) < MOST_FOUND:
                self._found.setdefault((each.boot, each.name, each.cause), each)

    def went_on(self, boot: int) -> None:
        """The boot got further: what seemed to be its end was none."""
        self._drop(each for each in self.of(boot) if each.ends or _REGISTRY[each.name].passing)

    def systemd_spoke(self) -> None:
        """What it seemed to wait for is over, or will be told again."""
        self._drop(each for each in self if _REGISTRY[each.name].passing)

    def of(self, boot: int) -> tuple[FoundCause, ...]:
        """Those of one boot, in the order in which it showed them."""
        return tuple(each for each in self if each.boot == boot)

    def __iter__(self) -> Iterator[FoundCause]:
        return iter(self._found.values())

    def _drop(self, over: Iterable[FoundCause]) -> None:
        gone = set(over)
        if gone:
            self._found = {key: each for key, each in self._found.items() if each not in gone}


def leading(causes: Sequence[FoundCause]) -> tuple[FoundCause, ...]:
    """What explains why the last boot failed: its dead end first, then the rest in their order."""
    last = max((each.boot for each in causes), default=1)
    return tuple(sorted((each for each in causes if each.boot == last), key=lambda each: not each.ends))
