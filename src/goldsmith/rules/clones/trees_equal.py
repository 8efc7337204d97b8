"""GS508: what the first boot made of the tree is alike in all clones, but for what is declared to differ."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase, Evidence
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


@clones_rule("GS508", "trees-equal", why="Clones of one image are one machine many times, in all but their identity.")
def trees_equal(evidence: Evidence) -> Iterator[Judgment]:
    ended = booted(evidence)
    # A clone that the recipe leaves without cloud-init is another machine than one that has it, and so is one with a
    # user of its own, or one whose kernel was this host's.
    alike = tuple(
        each for each in ended if runs_cloud_init(CloneCase(each.clone, evidence)) and each.clone.probe is None
    )
    clones = max(
        (tuple(each for each in alike if each.clone.hardware is hardware) for hardware in (True, False)), key=len
    )
    asked = [each.hardware for each in evidence.clones if each.probe is None]
    if len(evidence.clones) > 1 and max(asked.count(True), asked.count(False)) < 2:
        yield holds(EXPECTED, "does not apply: no two clones of one kind were asked for")
        return
    if len(clones) < 2:
        others = f", {len(ended) - len(clones)} of them of another kind" if len(ended) > len(clones) else ""
        reason = f"{len(ended)} of {len(evidence.clones)} clones ended cleanly{others}: nothing to compare"
        yield unproven(EXPECTED, reason)
        return
    unsaid = [each.clone.name for each in clones if each.facts.system is None]
    uncompared = [each.clone.name for each in clones if _changes(each) is None]
    if unsaid:
        yield unproven(EXPECTED, UNSAID)
    elif uncompared:
        yield unproven(EXPECTED, f"the boot of {uncompared[0]} changed more than can be compared")
    else:
        yield _compare(clones)


def _compare(clones: tuple[Booted, ...]) -> Judgment:
    (first, wanted), *others = ((each.clone.name, _states(_changes(each) or ())) for each in clones)
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


def _states(changes: tuple[Changed, ...]) -> dict[str, str]:
    return {change.path: change.state for change in changes}
