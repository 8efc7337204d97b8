"""One bulk listing of a guest's tree, and lookups in it that never leave the guest.

Standard library only: workers import this under the distribution's own Python.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

# The kernel's own limit (path_resolution(7)).
MAX_LINKS = 40


class FileType(StrEnum):
    """What a directory entry is."""

    REGULAR = "regular"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    FIFO = "fifo"
    SOCKET = "socket"
    CHARACTER = "character"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of the guest.

    `path` is absolute and canonical (no link in its parents); bytes that are not UTF-8 are surrogate escapes.
    `mode` holds the twelve permission bits, `size` and `mtime` are bytes and nanoseconds, `target` is a link's text,
    `digest` the SHA-256 of a regular file's content where digests were asked for.
    """

    path: str
    type: FileType
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    inode: int
    links: int
    target: str | None = None
    xattrs: Mapping[str, bytes] = field(default_factory=dict)
    digest: str | None = None

    @property
    def name(self) -> str:
        return posixpath.basename(self.path)

    @property
    def is_directory(self) -> bool:
        return self.type is FileType.DIRECTORY

    @property
    def is_regular(self) -> bool:
        return self.type is FileType.REGULAR

    @property
    def is_link(self) -> bool:
        return self.type is FileType.SYMLINK


class Index(Mapping[str, Entry]):
    """Path → Entry for all that was listed, parents included. Immutable."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.path: entry for entry in sorted(entries, key=lambda entry: entry.path.split("/"))}
        self._children: dict[str, list[str]] = {}
        for path in self._entries:
            if path != "/":
                self._children.setdefault(path.rpartition("/")[0] or "/", []).append(path)

    def __getitem__(self, path: str) -> Entry:
        return self._entries[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def children(self, path: str) -> list[Entry]:
        """The entries directly in a directory, by canonical path, sorted by name; empty where there are none."""
        return [self._entries[child] for child in self._children.get(path, ())]

    def below(self, path: str) -> Iterator[Entry]:
        """Everything below a directory, a directory's content before the directory itself: the order to remove in."""
        pending = [(child, False) for child in reversed(self.children(path))]
        while pending:
            entry, emptied = pending.pop()
            if emptied or not entry.is_directory:
                yield entry
                continue
            pending.append((entry, True))
            pending.extend((child, False) for child in reversed(self.children(entry.path)))

    def resolve(self, path: str) -> str | None:
        """The canonical path that `path` leads to, links followed as inside the guest; None if a part is missing,
        was not listed, or links never end.
        """
        return self._resolve(path, follow_last=True)

    def locate(self, path: str) -> Entry | None:
        """The entry that `path` names: links in its parents are followed, the last part itself is not."""
        found = self._resolve(path, follow_last=False)
        return self._entries.get(found) if found is not None else None

    def glob(self, pattern: str) -> list[Entry]:
        """The entries that a shell's pattern matches, sorted. Links in parents are followed, `**` is not known, and a
        leading dot has to be written, as in a shell.
        """
        bases = ["/"]
        parts = [part for part in pattern.split("/") if part]
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            found: list[str] = []
            for base in bases:
                found.extend(self._match(base, part, last=last))
            bases = found
        return [self._entries[path] for path in dict.fromkeys(bases) if path in self._entries]

    def _match(self, base: str, part: str, *, last: bool) -> Iterator[str]:
        directory = self.resolve(base)
        if directory is None:
            return
        if not any(character in part for character in "*?["):
            names: Iterable[str] = [posixpath.join(directory, part)]
        else:
            names = [
                child.path
                for child in self.children(directory)
                if fnmatch.fnmatchcase(child.name, part) and (part.startswith(".") or not child.name.startswith("."))
            ]
        for name in names:
            entry = self._entries.get(name)
            if entry is not None and (last or entry.is_directory or entry.is_link):
                yield name

    def _resolve(self, path: str, *, follow_last: bool) -> str | None:
        pending = [part for part in path.split("/") if part][::-1]
        current, links = "/", 0
        while pending:
            part = pending.pop()
            here = self._entries.get(current)
            if here is not None and not here.is_directory:
                return None
            if part in {".", ".."}:
                current = current if part == "." else posixpath.dirname(current)
                continue
            step = posixpath.join(current, part)
            entry = self._entries.get(step)
            if entry is None:
                return None
            if entry.is_link and entry.target is not None and (pending or follow_last):
                links += 1
                if links > MAX_LINKS:
                    return None
                pending.extend([piece for piece in entry.target.split("/") if piece][::-1])
                current = "/" if entry.target.startswith("/") else current
                continue
            current = step
        return current
