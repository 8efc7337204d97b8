"""GS508: what the first boot made of the tree is alike in all clones, but for what is declared to differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from goldsmith.rules.evidence import CloneCase, CloneEvidence, Evidence
from goldsmith.rules.evidence_rule import (
    UNSAID,
    Booted,
    Judgment,
    booted,
    clones_rule,
    fails,
    holds,
    runs_cloud_init,
    unproven,
)
from goldsmith.rules.system import Changed

EXPECTED = "the same tree in each clone, but for its identity"
SHOWN = 5


@dataclass(frozen=True, slots=True, order=True)
class _Kind:
    """Clones of another kind have other trees: one that the recipe leaves without cloud-init, one with a user of its
    own, one whose kernel was this host's.
    """

    hardware: bool
    user_data: bool
    cloud_init: bool

    def __str__(self) -> str:
        words = ["machines" if self.hardware else "rehearsals"]
        words += ["with user-data"] if self.user_data else []
        words += [] if self.cloud_init else ["without cloud-init"]
        return " ".join(words)


@clones_rule("GS508", "trees-equal", why="Clones of one image are one machine many times, in all but their identity.")
def trees_equal(evidence: Evidence) -> Iterator[Judgment]:
    asked = Counter(_kind(each, evidence) for each in evidence.clones)
    kinds = sorted((kind for kind, count in asked.items() if count > 1), reverse=True)
    if len(evidence.clones) < 2:
        yield _judge(booted(evidence), len(evidence.clones))
    elif not kinds:
        yield holds(EXPECTED, "does not apply: no two clones of one kind were asked for")
    for kind in kinds:
        clones = tuple(each for each in booted(evidence) if _kind(each.clone, evidence) == kind)
        yield replace(_judge(clones, asked[kind]), about=str(kind) if len(kinds) > 1 else "")


def _kind(clone: CloneEvidence, evidence: Evidence) -> _Kind:
    return _Kind(clone.hardware, clone.probe is not None, runs_cloud_init(CloneCase(clone, evidence)))


def _judge(clones: tuple[Booted, ...], asked: int) -> Judgment:
    if len(clones) < 2:
        return unproven(EXPECTED, f"{len(clones)} of {asked} clones ended cleanly: nothing to compare")
    if any(each.facts.system is None for each in clones):
        return unproven(EXPECTED, UNSAID)
    uncompared = [each.clone.name for each in clones if _changes(each) is None]
    if uncompared:
        return unproven(EXPECTED, f"the boot of {uncompared[0]} changed more than can be compared")
    return _compare(clones)


def _compare(clones: tuple[Booted, ...]) -> Judgment:
    (first, wanted), *others = ((each.clone.name, _states(each)) for each in clones)
    for name, states in others:
        odd = sorted(path for path in {*wanted, *states} if wanted.get(path) != states.get(path))
        if odd:
            told = "; ".join(_told(path, first, wanted.get(path), name, states.get(path)) for path in odd[:SHOWN])
            more = f"; and {len(odd) - SHOWN} more" if len(odd) > SHOWN else ""
            return fails(
                EXPECTED,
                f"{len(odd)} paths differ: {', '.join(odd[:SHOWN])}",
                f"{first} and {name} differ: {told}{more}",
                hint="what has to be each clone's own goes to `verify.expect.differ`",
            )
    return holds(EXPECTED, f"{len(wanted)} paths changed by the boot, alike in {len(clones)}")


def _told(path: str, first: str, one: str | None, second: str, other: str | None) -> str:
    return f"{path} ({first}: {one or 'as sealed'}; {second}: {other or 'as sealed'})"


def _changes(each: Booted) -> tuple[Changed, ...] | None:
    return each.facts.system.changes if each.facts.system is not None else None


def _states(each: Booted) -> dict[str, str]:
    """What the boot left at each path; the key that user-data brings is each clone's own."""
    probe = each.clone.probe
    own = f"/home/{probe.user}/.ssh/authorized_keys" if probe is not None else None
    return {change.path: change.state for change in _changes(each) or () if change.path != own}
