"""What a check of the recipe saw in a clone, as evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from goldsmith.findings import printable
from goldsmith.recipe.check import Check, Kind

LONGEST = 400


class Sight(StrEnum):
    """How what was seen compares with what the recipe asks."""

    AS_ASKED = "as-asked"
    OTHERWISE = "otherwise"
    NOT_SEEN = "not-seen"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check saw: `check` names one of the recipe's checks of that `kind`, `part` what of it is told, "" for
    all. `expected` is what is asked, in words, `seen` what there was, and `sight` how the two compare; `message` is one
    line of what is wrong or why nothing could look, "" where all is as asked. `expected`, `seen`, `message` and `part`
    are safe to print and at most 400 characters long. No content of a file is in it.
    """

    kind: Kind
    check: str
    expected: str
    seen: str
    sight: Sight
    message: str = ""
    part: str = ""


def as_asked(check: Check, seen: str, *, expected: str | None = None, part: str = "") -> CheckResult:
    """It is as the recipe asks."""
    return _result(check, expected, part, CheckResult(check.kind, check.name, "", seen, Sight.AS_ASKED))


def otherwise(check: Check, seen: str, message: str, *, expected: str | None = None, part: str = "") -> CheckResult:
    """It is not; `message` is one line for the person who has to mend it."""
    return _result(check, expected, part, CheckResult(check.kind, check.name, "", seen, Sight.OTHERWISE, message))


def not_seen(check: Check, reason: str, *, expected: str | None = None, part: str = "") -> CheckResult:
    """Nothing could look."""
    return _result(check, expected, part, CheckResult(check.kind, check.name, "", "", Sight.NOT_SEEN, reason))


def shown(text: str) -> str:
    """Text from a guest, safe to print and not too long."""
    # Cut before escaping too: a guest may print without end.
    safe = printable(text[: LONGEST + 1])
    return safe if len(safe) <= LONGEST else f"{safe[: LONGEST - 1]}…"


def _result(check: Check, expected: str | None, part: str, result: CheckResult) -> CheckResult:
    wanted = check.expected if expected is None else expected
    return replace(
        result, expected=shown(wanted), seen=shown(result.seen), message=shown(result.message), part=shown(part)
    )
