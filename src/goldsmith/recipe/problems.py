"""What can be wrong with a recipe before any rule looks at it: the codes of the loader's findings."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from enum import StrEnum

from goldsmith.findings import Finding, HostPlace, Severity

LONGEST = 240


class Problem(StrEnum):
    """The code of a finding of the loader; rules over a loaded recipe begin at GS120."""

    NOT_A_RECIPE = "GS101"
    UNKNOWN_KEY = "GS102"
    NOT_YET_SUPPORTED = "GS103"
    MISSING_KEY = "GS104"
    WRONG_VALUE = "GS105"
    DUPLICATE_KEY = "GS106"
    NO_SUCH_FILE = "GS107"
    NO_SUCH_SECRET = "GS108"


def problem(code: Problem, place: HostPlace, message: str, hint: str | None = None) -> Finding:
    """A finding that stops the recipe from being used. A message that quotes a whole file is cut."""
    shown = message if len(message) <= LONGEST else f"{message[: LONGEST - 1]}…"
    return Finding(code.value, Severity.ERROR, shown, place, hint, subject=place.file)


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """A hint for a misspelled word: the nearest known one, else all of them where they are few."""
    near = nearest(word, known)
    if near is not None:
        return f"did you mean `{near}`?"
    return f"known: {', '.join(sorted(known))}" if 0 < len(known) <= 24 else None


def nearest(word: object, known: Collection[str]) -> str | None:
    """The known word that a misspelled one resembles, None where none does."""
    if not isinstance(word, str):
        return None
    return next(iter(difflib.get_close_matches(word.lower(), sorted(known), n=1, cutoff=0.6)), None)
