"""Planning: what operations want, put into one order that does not depend on theirs."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from goldsmith.generalization.operation import Operation
from goldsmith.generalization.sparing import Keep, canonical, why_spared
from goldsmith.generalization.view import View
from goldsmith.guest.change import ABSENT, Change, Kept, Plan, Remove, Write
from goldsmith.guest.index import FileType, Index


def plan(
    view: View, operations: Iterable[Operation], *, keep: Sequence[Keep] = (), declared: Collection[str] = ()
) -> Plan:
    """One plan of all operations: what they spare is in `kept`, every path appears once.

    Removals come first, a directory after all that it holds, then what is written. A directory that still holds
    something afterwards (spared, or never listed) stays. Where two operations edit one file, the second sees the edit
    of the first and both become one change; where one edits what another removes, it goes. A path appears twice only
    where an operation replaces it by something of another type: removed, then made.
    """
    spared = canonical(view.index, declared)
    edited: dict[str, bytes] = {}
    planning = replace(view, spares=lambda path: why_spared(path, keep, spared) is not None, edited=edited)
    removals: dict[str, Remove] = {}
    others: dict[str, Change] = {}
    kept: dict[tuple[str, str], Kept] = {}
    for each in sorted(operations, key=lambda operation: operation.name):
        for change in each.plan(planning):
            why = why_spared(change.path, keep, spared)
            if why is not None:
                kept[change.path, change.operation] = Kept(change.path, change.operation, why)
            elif isinstance(change, Remove):
                removals.setdefault(change.path, change)
            else:
                others[change.path] = _merge(others.get(change.path), change)
                if isinstance(change, Write):
                    edited[change.path] = change.content
    made = {path: change for path, change in others.items() if change.seen == ABSENT or path not in removals}
    ordered = sorted(removals.values(), key=_content_first)
    return Plan(
        changes=(*_possible(ordered, view.index, made), *(made[path] for path in sorted(made))),
        kept=tuple(kept[key] for key in sorted(kept)),
    )


def _content_first(change: Change) -> list[tuple[int, str]]:
    """Sorts as a walk that leaves a directory after its content; no name, however hostile, sorts behind the end."""
    return [*((0, part) for part in change.path.split("/")), (1, "")]


def _merge(before: Change | None, change: Change) -> Change:
    """Two operations' wishes for one path. The later edit was made on top of the earlier one."""
    if before is None:
        return change
    if isinstance(before, Write) and isinstance(change, Write):
        reason = before.reason if change.reason == before.reason else f"{before.reason}; {change.reason}"
        return replace(before, content=change.content, reason=reason)
    return before


def _possible(removals: Iterable[Remove], index: Index, made: Mapping[str, Change]) -> Iterable[Remove]:
    """Without the directories that would not be empty by then; content comes before its directory."""
    gone: set[str] = set()
    needed = {posixpath.dirname(path) for path in made}
    for change in removals:
        holds = change.seen.type is FileType.DIRECTORY and (
            change.path in needed or any(child.path not in gone for child in index.children(change.path))
        )
        if holds:
            needed.add(posixpath.dirname(change.path))
            continue
        gone.add(change.path)
        yield change
