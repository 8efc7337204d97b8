"""Guest trees as listings, so that lookups are tested without a disk."""

from __future__ import annotations

import posixpath

from goldsmith.guest.index import Entry, FileType, Index


def entry(path: str, target: str | None = None, *, type: FileType | None = None, inode: int = 1) -> Entry:
    """An entry of root's; a link where it has a target, else a regular file unless a type is given."""
    kind = type or (FileType.REGULAR if target is None else FileType.SYMLINK)
    return Entry(path, kind, 0o755, 0, 0, 0, 0, inode, 1, target)


def listing(*lines: str) -> Index:
    """The index of a tree: `/a/file`, `/a/directory/`, `/a/link -> target`; parents are made."""
    entries = {"/": entry("/", type=FileType.DIRECTORY)}
    for line in lines:
        text, arrow, target = line.partition(" -> ")
        path = text.rstrip("/") or "/"
        parent = posixpath.dirname(path)
        while parent not in entries:
            entries[parent] = entry(parent, type=FileType.DIRECTORY)
            parent = posixpath.dirname(parent)
        entries[path] = entry(path, target if arrow else None, type=FileType.DIRECTORY if text.endswith("/") else None)
    return Index(entries.values())
