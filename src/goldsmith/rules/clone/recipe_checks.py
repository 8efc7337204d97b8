"""GS450: what the recipe checks in its own words holds: files, commands, goss tests."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.recipe.check import Check, Kind
from goldsmith.rules.check_result import CheckResult, Sight, shown
from goldsmith.rules.evidence import CloneCase, CloneEvidence
from goldsmith.rules.evidence_rule import Judgment, clone_rule, fails, holds, unproven


@clone_rule("GS450", "recipe-checks", why="Only the author of a recipe knows what else its clones are for.")
def recipe_checks(case: CloneCase) -> Iterator[Judgment]:
    checks = tuple(case.expectation.checks)
    if not checks:
        yield holds("checks of the recipe's own", "does not apply: it has none")
    for check in checks:
        yield from _judged(check, case.clone)


def _judged(check: Check, clone: CloneEvidence) -> Iterator[Judgment]:
    about = f"{check.kind} {shown(check.name)}"
    found = [each for each in clone.checks if (each.kind, each.check) == (check.kind, check.name)]
    if blinded := _blinded(check, clone, found):
        yield unproven(check.expected, blinded, about=about)
        return
    for each in found:
        yield _judgment(each, f"{about}: {each.part}" if each.part else about)


def _blinded(check: Check, clone: CloneEvidence, found: list[CheckResult]) -> str | None:
    """Why nothing could look, or what was seen proves nothing."""
    if check.kind is Kind.FILE and not clone.ended:
        return f"the clone's disk proves nothing: {clone.problem or 'the boot did not end cleanly'}"
    if found:
        return None
    if check.kind is not Kind.FILE and not clone.ready:
        return f"nothing ran in the clone: {clone.problem or 'it never got ready'}"
    return clone.unreadable or clone.problem or "nothing looked"


def _judgment(result: CheckResult, about: str) -> Judgment:
    match result.sight:
        case Sight.AS_ASKED:
            return holds(result.expected, result.seen, about=about)
        case Sight.OTHERWISE:
            return fails(result.expected, result.seen, result.message, about=about)
        case Sight.NOT_SEEN:
            return unproven(result.expected, result.message, about=about)
