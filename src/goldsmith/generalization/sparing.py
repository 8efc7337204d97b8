"""What generalizing spares: paths that the recipe declared, and those that a `keep` names with a reason."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from goldsmith.guest.index import Index

DECLARED = "declared by the recipe"


@dataclass(frozen=True)
class Keep:
    """A path or shell pattern to leave alone, with all below it. `*` and `?` do not cross slashes, `**` does."""

    pattern: str
    reason: str

    def matches(self, path: str) -> bool:
        return self._expression.fullmatch(path) is not None

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        pieces = (
            _translate(piece) for piece in re.findall(r"\*\*|\[[!^]?\]?[^]]*\]|.", self.pattern.rstrip("/"), re.DOTALL)
        )
        return re.compile("".join(pieces) + r"(?:/.*)?", re.DOTALL)


def canonical(index: Index, paths: Collection[str]) -> frozenset[str]:
    """Paths as the index knows them: links in their parents followed, and what a path that is a link itself leads to.

    A recipe may say /var/run/x or write through a link; what it put there is spared by its real name.
    """
    found: set[str] = set()
    for path in paths:
        entry = index.locate(path)
        found.add(entry.path if entry is not None else path)
        if (target := index.resolve(path)) is not None:
            found.add(target)
    return frozenset(found)


def why_spared(path: str, keep: Sequence[Keep], declared: Collection[str]) -> str | None:
    """Why a canonical path must be left alone; None if it need not."""
    if path in declared:
        return DECLARED
    return next((each.reason for each in keep if each.matches(path)), None)


def _translate(piece: str) -> str:
    if piece == "**":
        return ".*"
    if piece == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if len(piece) > 2 and piece.startswith("["):
        inner = piece[1:-1].replace("\\", r"\\").replace("[", r"\[")
        return f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]"
    return re.escape(piece)
