"""Which paths of a guest get a label: those that have none, and those that were made since a former look. Pure.

A path that keeps its inode keeps its label: an administrator or a package may have chosen another one on purpose.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from goldsmith.guest.change import ABSENT, Link, MakeDirectory, Plan, Remove, Seen, SetAttributes, Write
from goldsmith.guest.index import Entry, FileType, Index
from goldsmith.guest.labels.file_contexts import NoLabel
from goldsmith.guest.labels.policy import Policy

OPERATION = "selinux-labels"
ATTRIBUTE = "security.selinux"
AUTORELABEL = "/.autorelabel"
# What a kernel with SELinux shows for a file without a label, and what some tools then write down.
PLACEHOLDERS = frozenset({"unlabeled_t", "file_t"})


@dataclass(frozen=True, slots=True)
class Labeling:
    """`undecided` are the paths that need a label for which a line of the policy matters that cannot be read."""

    plan: Plan
    undecided: tuple[str, ...] = ()


def plan_labels(
    index: Index,
    policy: Policy,
    *,
    before: Mapping[str, Entry] | None = None,
    unlabelable: Collection[str] = (),
    relabel: bool = False,
) -> Labeling:
    """The changes that give every path the label it lacks.

    `before` is an earlier index: what is new since then, or another inode, also gets the policy's label if it has one
    already, unless that is of a customizable type. With `relabel` this holds for all paths of a wrong type, as for
    restorecon. Nothing is planned at or below `unlabelable` paths: file systems without extended attributes.
    """
    changes: list[SetAttributes] = []
    undecided: list[str] = []
    named = _names_of_one_inode(index)
    for entry in index.values():
        if any(entry.path == place or entry.path.startswith(f"{place}/") for place in unlabelable):
            continue
        names = named.get(_identity(entry), (entry,))
        made = before is not None and all(is_new(name, before) for name in names)
        present = label_of(entry)
        if not (made or relabel or _is_missing(present)):
            continue
        wanted = policy.label(names[0].path, entry.type)
        if wanted is NoLabel.UNDECIDED:
            undecided.append(entry.path)
        elif isinstance(wanted, str) and _has_to_change(present, wanted, policy, made=made):
            changes.append(_change(entry, wanted, present))
    return Labeling(Plan(tuple(changes)), tuple(undecided))


def foreseen(index: Index, plan: Plan) -> Index:
    """The index as it will be when a plan is applied, for a dry run: new entries have no inode and no attributes."""
    entries = dict(index)
    for change in plan:
        match change:
            case Remove():
                entries.pop(change.path, None)
            case Write() if change.seen == ABSENT:
                entries[change.path] = _unmade(change.path, FileType.REGULAR)
            case MakeDirectory():
                entries[change.path] = _unmade(change.path, FileType.DIRECTORY)
            case Link():
                known = entries.get(change.path) or _unmade(change.path, FileType.SYMLINK)
                entries[change.path] = replace(known, target=change.target)
            case _:
                pass
    return Index(entries.values())


def is_new(entry: Entry, before: Mapping[str, Entry]) -> bool:
    """Whether a path was not there, or another inode was."""
    known = before.get(entry.path)
    return known is None or known.type is not entry.type or known.inode != entry.inode


def label_of(entry: Entry) -> str:
    """The label of an entry without the zero byte that setfiles writes at its end; empty where there is none."""
    return entry.xattrs.get(ATTRIBUTE, b"").rstrip(b"\0").decode("ascii", "replace")


def _is_missing(label: str) -> bool:
    return not label or _type(label) in PLACEHOLDERS


def _has_to_change(present: str, wanted: str, policy: Policy, *, made: bool) -> bool:
    if _is_missing(present):
        return True
    if _type(present) in policy.customizable:
        return False
    return present != wanted if made else _type(present) != _type(wanted)


def _change(entry: Entry, wanted: str, present: str) -> SetAttributes:
    reason = f"{present} is not what the policy gives: {wanted}" if present else f"no label; the policy gives {wanted}"
    label = wanted.encode("ascii") + b"\0"
    return SetAttributes(path=entry.path, seen=Seen.of(entry), operation=OPERATION, reason=reason, label=label)


def _type(label: str) -> str:
    parts = label.split(":")
    return parts[2] if len(parts) > 2 else ""


def _names_of_one_inode(index: Index) -> dict[tuple[object, ...], list[Entry]]:
    """The names of every inode that has several: there is one label to have, which the first name decides. A further
    name does not make it new.
    """
    named: dict[tuple[object, ...], list[Entry]] = {}
    for entry in index.values():
        if entry.links > 1 and not entry.is_directory:
            named.setdefault(_identity(entry), []).append(entry)
    return named


def _identity(entry: Entry) -> tuple[object, ...]:
    """An index does not tell file systems apart: the same inode number on two of them differs in the rest."""
    return (entry.inode, entry.type, entry.size, entry.mtime, entry.links)


def _unmade(path: str, kind: FileType) -> Entry:
    return Entry(path, kind, 0, 0, 0, 0, 0, 0, 1)
