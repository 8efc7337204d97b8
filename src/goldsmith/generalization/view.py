"""A view of a guest: what planning sees. It never writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from goldsmith.guest.change import Change, Link, Remove, Seen, Write
from goldsmith.guest.index import Entry, Index
from goldsmith.guest.info import GuestInfo


@dataclass(frozen=True)
class View:
    """Index, info and cached reads of one guest. `homes` are the home directories of its users, canonical, from passwd.

    The methods that return changes fill in what was seen, so an operation says only what it wants and why.
    """

    index: Index
    info: GuestInfo
    homes: tuple[str, ...]
    reader: Callable[[str, int], bytes]
    _cache: dict[str, bytes] = field(default_factory=dict, compare=False)

    def read(self, path: str, limit: int = 1 << 20) -> bytes | None:
        """A regular file's content, links followed; None where there is no such regular file."""
        canonical = self.index.resolve(path)
        if canonical is None or not self.index[canonical].is_regular:
            return None
        if canonical not in self._cache:
            self._cache[canonical] = self.reader(canonical, limit)
        return self._cache[canonical]

    def remove(self, entry: Entry, operation: str, reason: str) -> Iterator[Change]:
        """Remove an entry and, if it is a directory, all below it first."""
        yield from self.empty(entry, operation, reason)
        yield Remove(path=entry.path, seen=Seen.of(entry), operation=operation, reason=reason, bytes=_held(entry))

    def empty(self, entry: Entry, operation: str, reason: str) -> Iterator[Change]:
        """Remove all below a directory and leave the directory itself."""
        for below in self.index.below(entry.path):
            yield Remove(path=below.path, seen=Seen.of(below), operation=operation, reason=reason, bytes=_held(below))

    def remove_matching(self, patterns: tuple[str, ...], operation: str, reason: str) -> Iterator[Change]:
        """Remove everything that the shell patterns match."""
        for pattern in patterns:
            for entry in self.index.glob(pattern):
                yield from self.remove(entry, operation, reason)

    def rewrite(self, entry: Entry, content: bytes, operation: str, reason: str) -> Iterator[Change]:
        """Give a regular file new content, if it differs."""
        before = self.read(entry.path, limit=64 << 20)
        if before != content:
            yield Write(
                path=entry.path,
                seen=Seen.of(entry, before),
                operation=operation,
                reason=reason,
                content=content,
                bytes=entry.size,
            )

    def link(self, path: str, target: str, operation: str, reason: str) -> Iterator[Change]:
        """A symbolic link at `path` to `target`, if it is not there yet. The parent directory exists."""
        entry = self.index.locate(path)
        if entry is not None and entry.is_link and entry.target == target:
            return
        if entry is not None and not entry.is_link:
            yield from self.remove(entry, operation, reason)
            entry = None
        yield Link(path=path, seen=Seen.of(entry), operation=operation, reason=reason, target=target)


def _held(entry: Entry) -> int:
    return entry.size if entry.is_regular and entry.links == 1 else 0
