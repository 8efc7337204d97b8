"""GS450: what the recipe checks in its own words holds: files, commands, tests of goss and testinfra."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.recipe.check import Check, Kind
from goldsmith.rules.check_result import CheckResult, Sight, shown
from goldsmith.rules.evidence import CloneCase, CloneEvidence
from goldsmith.rules.evidence_rule import Judgment, clone_rule, fails, holds, unproven

WHAT = "checks of the recipe's own"
NOT_ASKED = "does not apply: they log in, and this clone was given no user-data that lets anybody in"
NOBODY = "it logs in by SSH, and no clone was given user-data that lets anybody in: verify with --seed user-data"


@clone_rule("GS450", "recipe-checks", why="Only the author of a recipe knows what else its clones are for.")
def recipe_checks(case: CloneCase) -> Iterator[Judgment]:
    checks = case.expectation.checks
    if not tuple(checks):
        yield holds(WHAT, "does not apply: it has none")
        return
    asked = [check for check in checks if case.clone.probe is not None or not checks.logs_in(check)]
    for check in asked:
        yield from _judged(check, case.clone)
    # What nobody could be asked is told once.
    unasked = [check for check in checks if check not in asked] if _tells_of_nobody(case) else []
    for check in unasked:
        yield unproven(check.expected, NOBODY, about=_about(check))
    if not asked and not unasked:
        yield holds(WHAT, NOT_ASKED)


def _tells_of_nobody(case: CloneCase) -> bool:
    clones = case.evidence.clones
    return case.clone.name == clones[0].name and all(clone.probe is None for clone in clones)


def _about(check: Check) -> str:
    return f"{check.kind} {shown(check.name)}"


def _judged(check: Check, clone: CloneEvidence) -> Iterator[Judgment]:
    about = _about(check)
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
