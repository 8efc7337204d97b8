"""A policy's file_contexts: which label each path of the guest should have, as libselinux decides it.

Facts (libselinux 3.4 to 3.11, label_file.c, label_support.c, selabel_file(5)): the files are read in the order base,
homedirs, local. A line without a meta character outranks every expression; among each of the two the last that matches
wins, whose type of file fits. Before that a path's first parts are substituted, once by file_contexts.subs and once by
file_contexts.subs_dist, by the last line of each that fits.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from goldsmith.guest.index import FileType
from goldsmith.guest.labels.expression import Expression, expression, has_meta, literal_prefix, unescaped

NONE = "<<none>>"
TYPES: Mapping[str, FileType] = MappingProxyType(
    {
        "--": FileType.REGULAR,
        "-d": FileType.DIRECTORY,
        "-l": FileType.SYMLINK,
        "-p": FileType.FIFO,
        "-s": FileType.SOCKET,
        "-c": FileType.CHARACTER,
        "-b": FileType.BLOCK,
    }
)
# Fedora's policy has 7,000 lines, and a few for each home.
MAX_LINES = 100_000
# In Debian's policy 37 lines compete for a path on average, and 142 at most. A hostile one costs minutes, not days.
MAX_COMPETING, MAX_TRIED = 2_000, 50_000_000
# libselinux reads no longer lines of substitutions.
MAX_SUBSTITUTION = 1022


class NoLabel(Enum):
    """Why a path has no label: the policy gives none, or a line that we cannot read might have given one."""

    NONE = "none"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class _Line:
    """One line: `expression` is None where it is one path, or cannot be read (then `context` is UNDECIDED)."""

    order: int
    type: FileType | None
    context: str | NoLabel
    expression: Expression | None

    def fits(self, key: bytes, kind: FileType) -> bool:
        if self.type is not None and self.type is not kind:
            return False
        return self.expression is None or self.expression.matches(key)


class FileContexts:
    """The lines of all files of one policy, ready to look paths up."""

    def __init__(
        self, files: Sequence[bytes], *, substitutions: bytes = b"", distribution_substitutions: bytes = b""
    ) -> None:
        """`files` are file_contexts, .homedirs and .local, as far as they are there."""
        self._paths: dict[str, list[_Line]] = {}
        self._by_prefix: dict[str, list[_Line]] = {}
        self._substitutions = [_substitutions(substitutions), _substitutions(distribution_substitutions)]
        self._ignored = self._tried = 0
        numbered = enumerate(line for content in files for line in content.split(b"\n"))
        for order, line in numbered:
            if order >= MAX_LINES:
                self._ignored += 1
                self._by_prefix.setdefault("", []).append(_Line(order, None, NoLabel.UNDECIDED, None))
                break
            self._add(order, line)

    @property
    def ignored(self) -> int:
        """How many lines could not be read: libselinux would not know what they mean, or RE2 does not."""
        return self._ignored

    def context(self, path: str, kind: FileType) -> str | NoLabel:
        """The label of a canonical path, as text."""
        key = self._substituted(path)
        raw = os.fsencode(key)
        for line in reversed(self._paths.get(key, ())):
            if line.fits(raw, kind):
                return line.context
        competing = self._candidates(key)
        self._tried += len(competing)
        if len(competing) > MAX_COMPETING or self._tried > MAX_TRIED:
            return NoLabel.UNDECIDED
        for line in competing:
            if line.fits(raw, kind):
                return line.context
        return NoLabel.NONE

    def _candidates(self, key: str) -> list[_Line]:
        """The expressions whose literal beginning is the path's own, the last first."""
        found = [
            line
            for end in range(len(key) + 1)
            if (lines := self._by_prefix.get(key[:end])) is not None
            for line in lines
        ]
        found.sort(key=lambda line: line.order, reverse=True)
        return found

    def _substituted(self, path: str) -> str:
        for substitutions in self._substitutions:
            for source, target in substitutions:
                if path == source or path.startswith(f"{source}/"):
                    rest = path[len(source) :]
                    path = target + (rest[1:] if target == "/" and rest else rest)
                    break
        return path

    def _add(self, order: int, raw: bytes) -> None:
        fields = raw.split()
        if not fields or fields[0].startswith(b"#"):
            return
        try:
            words = [field.decode("ascii") for field in fields[:3]]
        except UnicodeDecodeError:
            self._ignored += 1
            return
        if len(words) < 2:
            self._ignored += 1
            return
        text, kind, context = (words[0], None, words[1]) if len(words) == 2 else (words[0], words[1], words[2])
        self._place(text, self._line(order, text, kind, context))

    def _line(self, order: int, text: str, kind: str | None, context: str) -> _Line:
        label: str | NoLabel = NoLabel.NONE if context == NONE else context
        unknown_type = kind is not None and kind not in TYPES
        implausible = context != NONE and context.count(":") < 2
        made = expression(text) if has_meta(text) else None
        unreadable = made is None if has_meta(text) else unescaped(text) is None
        if unknown_type or implausible or unreadable:
            self._ignored += 1
            return _Line(order, None, NoLabel.UNDECIDED, None)
        return _Line(order, TYPES[kind] if kind is not None else None, label, made)

    def _place(self, text: str, line: _Line) -> None:
        path = unescaped(text) if not has_meta(text) else None
        if path is not None:
            self._paths.setdefault(path, []).append(line)
        else:
            self._by_prefix.setdefault(literal_prefix(text), []).append(line)


def _substitutions(content: bytes) -> list[tuple[str, str]]:
    """Source and target of each line, the last first."""
    found = []
    for raw in content.split(b"\n"):
        fields = os.fsdecode(raw[:MAX_SUBSTITUTION]).split()
        if len(fields) >= 2 and not fields[0].startswith("#"):
            found.append((fields[0], fields[1]))
    return found[::-1]
