"""Placing files: plans the changes that put files, directories and links where a recipe wants them.

Paths are followed inside the guest, from an index of nothing but the way to them; parents that are missing are made.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypedDict

from goldsmith.customization.customization import Session
from goldsmith.customization.fields import VOLATILE
from goldsmith.errors import BuildError
from goldsmith.findings import printable
from goldsmith.guest.change import Change, Link, MakeDirectory, Plan, Remove, Seen, SetAttributes, Write
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import MAX_LINKS, Entry, Index

REASON = "the recipe"
# Content that is handed to the engine at once.
BATCH = 32 << 20


class _Why(TypedDict):
    """The fields that all changes share."""

    path: str
    seen: Seen
    operation: str
    reason: str


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a guest path leads: its canonical path, the entry there, and the parents that are missing, outermost first.

    `stopped` is the first part that the index does not hold, None where all is there. `loops` says that links never
    end, `blocked` names a parent that is no directory, `dangling` a link that leads to nothing.
    """

    path: str
    entry: Entry | None
    missing: tuple[str, ...] = ()
    stopped: str | None = None
    loops: bool = False
    blocked: str | None = None
    dangling: str | None = None


def follow(index: Index, path: str, *, last: bool) -> Spot:
    """Follow a path as the guest would; with `last`, through a link at its end too."""
    pending = [(part, False) for part in path.split("/") if part and part != "."][::-1]
    current, links, through = "/", 0, None
    while pending:
        part, of_link = pending.pop()
        through = through if of_link else None
        if part == "..":
            current = posixpath.dirname(current)
            continue
        here = index.get(current)
        if here is not None and not here.is_directory:
            return Spot(current, here, blocked=current)
        step = posixpath.join(current, part)
        entry = index.get(step)
        if entry is None:
            rest = [name for name, _ in reversed(pending)]
            dangling = through if of_link else None
            whole = posixpath.normpath(posixpath.join(step, *rest))
            return Spot(whole, None, _parents(step, rest), stopped=step, dangling=dangling)
        if entry.is_link and entry.target is not None and (pending or last):
            links += 1
            if links > MAX_LINKS:
                return Spot(step, entry, loops=True)
            through = step
            pending.extend([(piece, True) for piece in entry.target.split("/") if piece and piece != "."][::-1])
            current = "/" if entry.target.startswith("/") else current
            continue
        current = step
    return Spot(current, index.get(current))


def _parents(first: str, rest: list[str]) -> tuple[str, ...]:
    """The directories to make for `first`/`rest`: all but the last part."""
    made, current = [], first
    for part in rest:
        made.append(current)
        current = posixpath.join(current, part)
    return tuple(made)


def survey(guest: Guest, paths: Iterable[str]) -> Index:
    """The entries on the way to the paths and at them, links and what they lead to included."""
    wanted = list(dict.fromkeys(paths))
    roots = list(wanted)
    for _ in range(MAX_LINKS):
        index = guest.index(roots)
        stops = {follow(index, path, last=True).stopped for path in wanted} - {None, *roots}
        new = sorted(stop for stop in stops if stop is not None and not _is_volatile(stop))
        if not new:
            return index
        roots.extend(new)
    return index


@dataclass
class Placing:
    """Collects one step's changes and declares what they put there; `done` applies what is not applied yet.

    What would take much memory is applied as it comes. `step` names the step in errors and reports.
    """

    session: Session
    step: str
    index: Index
    _waiting: list[Change] = field(default_factory=list)
    _held: int = 0
    _planned: dict[str, type[Change]] = field(default_factory=dict)

    def directory(self, path: str, mode: int | None = None, uid: int | None = None, gid: int | None = None) -> str:
        """A directory; one that is there keeps what is not given. Returns its canonical path."""
        spot = self._spot(path, last=True)
        if spot.path in self._planned or spot.entry is not None:
            if spot.entry is not None and not spot.entry.is_directory:
                raise BuildError(f"{self.step}: {_shown(spot.path)} is there and is no directory")
            if spot.entry is not None and (mode, uid, gid) != (None, None, None):
                self._add(SetAttributes(**self._why(spot), mode=mode, uid=uid, gid=gid))
        else:
            self._make_parents(spot)
            mode = 0o755 if mode is None else mode
            self._add(MakeDirectory(**self._why(spot), mode=mode, uid=uid or 0, gid=gid or 0))
            self.session.declared.add(spot.path)
        return spot.path

    def file(
        self, path: str, content: bytes, mode: int | None, uid: int | None, gid: int | None, *, new_mode: int = 0o644
    ) -> str:
        """A regular file; one that is there keeps the mode and owner that are not given. Returns its canonical path."""
        spot = self._spot(path, last=True)
        if spot.entry is not None and not spot.entry.is_regular:
            raise BuildError(f"{self.step}: {_shown(spot.path)} is there and is a {spot.entry.type}")
        self._make_parents(spot)
        if spot.entry is None:
            mode, uid, gid = (new_mode if mode is None else mode), uid or 0, gid or 0
        held = spot.entry.size if spot.entry is not None else 0
        self._add(Write(**self._why(spot), content=content, mode=mode, uid=uid, gid=gid, bytes=held))
        self.session.declared.add(spot.path)
        return spot.path

    def link(self, path: str, target: str, *, replace: bool = False) -> str:
        """A symbolic link; one that is there is pointed elsewhere, a file only with `replace`."""
        spot = self._spot(path, last=False)
        if spot.entry is not None and not spot.entry.is_link:
            if not replace or spot.entry.is_directory:
                raise BuildError(
                    f"{self.step}: {_shown(spot.path)} is there and is a {spot.entry.type}",
                    hint=f"delete it first: - delete: [{_shown(spot.path)}]",
                )
            self._add(Remove(**self._why(spot), bytes=spot.entry.size))
            spot = Spot(spot.path, None)
        if spot.entry is None or spot.entry.target != target:
            self._make_parents(spot)
            self._add(Link(**self._why(spot), target=target))
        self.session.declared.add(spot.path)
        return spot.path

    def done(self) -> None:
        """Apply what was collected."""
        if self._waiting:
            self.session.guest.apply(Plan(tuple(self._waiting)))
            self._waiting, self._held = [], 0

    def _spot(self, path: str, *, last: bool) -> Spot:
        spot = follow(self.index, path, last=last)
        if spot.loops:
            raise BuildError(f"{self.step}: {_shown(path)} is a link without an end")
        if spot.blocked is not None:
            raise BuildError(f"{self.step}: {_shown(spot.blocked)} is no directory")
        if _is_volatile(spot.path):
            raise BuildError(
                f"{self.step}: {_shown(path)} leads to {_shown(spot.path)}, which is not on the disk",
                hint="if the link should go, delete it in an earlier step",
            )
        if spot.dangling is not None:
            raise BuildError(
                f"{self.step}: {_shown(path)} leads over the link {_shown(spot.dangling)} to nothing",
                hint="make what it leads to in an earlier step, or delete the link",
            )
        return spot

    def _make_parents(self, spot: Spot) -> None:
        for parent in spot.missing:
            planned = self._planned.get(parent)
            if planned is None:
                why = self._why(Spot(parent, None))
                self._add(MakeDirectory(**why, mode=0o755, uid=0, gid=0))
                self.session.declared.add(parent)
            elif planned is not MakeDirectory:
                raise BuildError(f"{self.step}: {_shown(parent)} is no directory")

    def _why(self, spot: Spot) -> _Why:
        return {"path": spot.path, "seen": Seen.of(spot.entry), "operation": self.step, "reason": REASON}

    def _add(self, change: Change) -> None:
        size = len(change.content) if isinstance(change, Write) else 0
        if self._held + size > BATCH:
            self.done()
        self._planned[change.path] = type(change)
        self._waiting.append(change)
        self._held += size


def placing(session: Session, step: str, paths: Iterable[str]) -> Placing:
    """A `Placing` that knows the way to the paths."""
    return Placing(session, step, survey(session.guest, paths))


def _is_volatile(path: str) -> bool:
    return any(path == volatile or path.startswith(volatile + "/") for volatile in VOLATILE)


def _shown(path: str) -> str:
    return printable(path)
