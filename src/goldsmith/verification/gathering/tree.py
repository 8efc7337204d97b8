"""A guest's tree, looked at through one index: bounded reads that end at None."""

from __future__ import annotations

from dataclasses import dataclass

from goldsmith.findings import printable
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Entry, Index


@dataclass(frozen=True, slots=True)
class Tree:
    """Paths of links lead to what they name. `read` raises BuildError where a file is longer than `limit` bytes."""

    guest: Guest
    index: Index

    def read(self, path: str, limit: int = 1 << 20) -> bytes | None:
        canonical = self.index.resolve(path)
        if canonical is None or not self.index[canonical].is_regular:
            return None
        return self.guest.read(canonical, limit)

    def text(self, path: str, limit: int = 1 << 20) -> str | None:
        content = self.read(path, limit)
        return None if content is None else content.decode("utf-8", "replace")

    def word(self, path: str) -> str | None:
        text = self.text(path)
        return None if text is None else printable(text.strip()[:200])

    def names(self, path: str) -> tuple[str, ...]:
        return tuple(printable(entry.name) for entry in self.children(path))

    def children(self, path: str) -> tuple[Entry, ...]:
        folder = self.index.resolve(path)
        return () if folder is None else tuple(self.index.children(folder))
