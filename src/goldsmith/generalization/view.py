"""A view of a guest: what planning sees. It never writes."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from goldsmith.guest.change import Change, Link, Remove, Seen, Write
from goldsmith.guest.index import Entry, Index
from goldsmith.guest.info import GuestInfo


@dataclass(frozen=True, slots=True)
class Users:
    """Accounts that were named: `keep` are never removed; with `remove`, only those it names are."""

    keep: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()

    def may_go(self, name: str) -> bool:
        """Whether an account may be removed, as far as its name decides."""
        return name not in self.keep and (not self.remove or name in self.remove)


@dataclass(frozen=True)
class View:
    """Index, info and cached reads of one guest. `homes` are the home directories of its users, canonical, from passwd.

    `spares` tells whether a canonical path will be left alone whatever operations say, for those that draw conclusions
    from one path to another; `edited` holds the content that a plan in the making already gives to files, so that two
    operations can edit one file; `users` are accounts that were named to be kept or removed.
    The methods that return changes fill in what was seen, so an operation says only what it wants and why.
    """

    index: Index
    info: GuestInfo
    homes: tuple[str, ...]
    reader: Callable[[str, int], bytes]
    spares: Callable[[str], bool] = field(default=lambda _: False, compare=False)
    edited: Mapping[str, bytes] = field(default_factory=dict, compare=False)
    users: Users = Users()
    _cache: dict[str, bytes] = field(default_factory=dict, compare=False)

    def read(self, path: str, limit: int = 1 << 20) -> bytes | None:
        """A regular file's content, links followed inside the guest; None where there is no regular file, or one longer
        than `limit` bytes: no operation loads what a guest inflates.
        """
        canonical = self.index.resolve(path)
        if canonical is None:
            return None
        entry = self.index[canonical]
        if not entry.is_regular or entry.size > limit:
            return None
        if canonical in self.edited:
            return self.edited[canonical]
        if canonical not in self._cache:
            self._cache[canonical] = self.reader(canonical, limit)
        return self._cache[canonical]

    def lines(self, path: str) -> list[str]:
        """A text file's lines with their ends; bytes that are not UTF-8 are surrogate escapes. Empty where `read` has
        nothing.
        """
        raw = (self.read(path) or b"").splitlines(keepends=True)
        return [line.decode("utf-8", "surrogateescape") for line in raw]

    def find(self, *patterns: str) -> Iterator[Entry]:
        """The entries that shell patterns match, each once, in the patterns' order. `~/` stands for every home.

        Unlike a shell: wildcards match leading dots, and **no link is followed**, not even in the literal parents. A
        directory that generalizing empties may be a link to anywhere (/tmp -> /etc), and what lies behind it is not
        known to be disposable. Places that are links in every system (/var/run, /var/mail) are also listed by their
        real names, and the audit tells of all others.
        """
        found: dict[str, None] = {}
        for pattern in patterns:
            if pattern.startswith("~/"):
                for home in self.homes:
                    found.update(dict.fromkeys(self._match(home, pattern[2:])))
            else:
                found.update(dict.fromkeys(self._match("/", pattern)))
        for path in found:
            yield self.index[path]

    def remove(self, entry: Entry, operation: str, reason: str) -> Iterator[Change]:
        """Remove an entry and, if it is a directory, all below it first."""
        if entry.is_directory:
            yield from self.empty(entry, operation, reason)
        yield Remove(path=entry.path, seen=Seen.of(entry), operation=operation, reason=reason, bytes=_held(entry))

    def empty(self, entry: Entry, operation: str, reason: str) -> Iterator[Change]:
        """Remove all below a directory and leave the directory itself."""
        for below in self.index.below(entry.path):
            yield Remove(path=below.path, seen=Seen.of(below), operation=operation, reason=reason, bytes=_held(below))

    def remove_matching(self, patterns: Iterable[str], operation: str, reason: str) -> Iterator[Change]:
        """Remove everything that the patterns match; see `find`."""
        for entry in self.find(*patterns):
            yield from self.remove(entry, operation, reason)

    def remove_files(self, directories: Iterable[str], operation: str, reason: str) -> Iterator[Change]:
        """Remove all but the directories below directories: those belong to packages, with owners and modes."""
        for directory in self.find(*directories):
            for entry in self.index.below(directory.path):
                if not entry.is_directory:
                    yield from self.remove(entry, operation, reason)

    def truncate(self, entry: Entry, operation: str, reason: str) -> Iterator[Change]:
        """Empty a regular file and keep its owner, mode and label; its content is never read, however long it is."""
        if entry.size:
            seen = Seen(entry.type, entry.inode)
            yield Write(path=entry.path, seen=seen, operation=operation, reason=reason, content=b"", bytes=_held(entry))

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
                bytes=_held(entry),
            )

    def keep_lines(self, entry: Entry, wanted: Callable[[str], bool], operation: str, reason: str) -> Iterator[Change]:
        """Rewrite a text file without the lines that are not wanted."""
        if self.read(entry.path) is not None:
            kept = "".join(line for line in self.lines(entry.path) if wanted(line))
            yield from self.rewrite(entry, kept.encode("utf-8", "surrogateescape"), operation, reason)

    def link(self, path: str, target: str, operation: str, reason: str) -> Iterator[Change]:
        """A symbolic link at `path` to `target`, if it is not there yet. The parent directory exists."""
        entry = self.index.get(path)
        if entry is not None and entry.is_link and entry.target == target:
            return
        if entry is not None and not entry.is_link:
            yield from self.remove(entry, operation, reason)
            entry = None
        yield Link(path=path, seen=Seen.of(entry), operation=operation, reason=reason, target=target)

    def _match(self, base: str, pattern: str) -> list[str]:
        found = [base]
        for part in (part for part in pattern.split("/") if part):
            parents = [path for path in found if path in self.index and self.index[path].is_directory]
            if any(character in part for character in "*?["):
                found = [
                    child.path
                    for parent in parents
                    for child in self.index.children(parent)
                    if fnmatch.fnmatchcase(child.name, part)
                ]
            else:
                named = [posixpath.join(parent, part) for parent in parents]
                found = [path for path in named if path in self.index]
        return found


def _held(entry: Entry) -> int:
    return entry.size if entry.is_regular and entry.links == 1 else 0
