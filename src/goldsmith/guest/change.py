"""Changes: modifications of a guest's tree as data, each with the precondition that planning saw.

Standard library only: workers import this under the distribution's own Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from goldsmith.guest.index import Entry, FileType


@dataclass(frozen=True, slots=True)
class Seen:
    """What planning saw at a path: apply refuses where it is no longer so. `type` None means nothing was there.

    `inode` 0 and `digest` None are not compared.
    """

    type: FileType | None = None
    inode: int = 0
    digest: str | None = None

    @classmethod
    def of(cls, entry: Entry | None, content: bytes | None = None) -> Seen:
        """The precondition for an entry, and for its content where the change depends on it."""
        if entry is None:
            return ABSENT
        return cls(entry.type, entry.inode, sha256(content).hexdigest() if content is not None else entry.digest)


ABSENT = Seen()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What all changes share: a canonical guest path, what was seen there, and which operation wants it and why.

    `bytes` is how much the guest holds there before the change, for reports.
    """

    path: str
    seen: Seen
    operation: str
    reason: str
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove(Change):
    """Remove one entry: a file, link or node, or a directory that is empty by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write(Change):
    """Make or rewrite a regular file. Where it exists, owner, mode and label stay as they are unless given here.

    A rewritten file is replaced in place (same inode), so labels and links stay.
    """

    content: bytes
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    label: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeDirectory(Change):
    """Make a directory; its parent exists by then."""

    mode: int = 0o755
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAttributes(Change):
    """Set mode, owner or SELinux label of what is there; None leaves a value as it is."""

    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    label: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Change):
    """Make a symbolic link, or point an existing one elsewhere."""

    target: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A path that an operation would have changed and a `keep` spared."""

    path: str
    operation: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in the order in which they are applied, and what was spared."""

    changes: tuple[Change, ...] = ()
    kept: tuple[Kept, ...] = ()

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    @property
    def bytes(self) -> int:
        """How much the guest holds at all paths that are removed."""
        return sum(change.bytes for change in self.changes if isinstance(change, Remove))
