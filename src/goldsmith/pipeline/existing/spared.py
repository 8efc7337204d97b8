"""What a command line leaves as it is: paths with `--keep`, findings with `--waive`, each for a reason."""

from __future__ import annotations

import re
from collections.abc import Iterable

from goldsmith.errors import InputError
from goldsmith.generalization.sparing import Keep
from goldsmith.recipe.problems import nearest
from goldsmith.rules.recipe.known_waivers import waivable
from goldsmith.rules.waiver import Waiver


def read_kept(words: Iterable[str]) -> tuple[Keep, ...]:
    """From words PATH=REASON. Raises InputError for others."""
    kept = []
    for word in words:
        pattern, equals, reason = word.partition("=")
        if not equals or not reason.strip() or not pattern.startswith("/"):
            raise InputError(
                f"--keep {word} is not PATH=REASON", hint="for example --keep '/etc/netplan/*=lab network'"
            )
        _require_pattern("--keep", pattern)
        kept.append(Keep(pattern, reason.strip()))
    return tuple(kept)


def read_waived(words: Iterable[str]) -> tuple[Waiver, ...]:
    """From words CODE[:PATH]=REASON. Raises InputError for others, and for codes that no rule of the audit has."""
    waivers = []
    known = waivable()
    for word in words:
        what, equals, reason = word.partition("=")
        code, colon, pattern = what.partition(":")
        if not equals or not reason.strip() or (colon and not pattern.startswith("/")):
            raise InputError(
                f"--waive {word} is not CODE[:PATH]=REASON", hint="for example --waive 'GS310:/etc/ssl/*=a test key'"
            )
        if code not in known:
            near = nearest(code, {each.lower() for each in known})
            hint = f"did you mean {near.upper()}? " if near else ""
            raise InputError(f"the audit has no rule {code}", hint=f"{hint}`goldsmith audit --list` names all")
        _require_pattern("--waive", pattern)
        waivers.append(Waiver(code, reason.strip(), pattern or None))
    return tuple(waivers)


def _require_pattern(option: str, pattern: str) -> None:
    try:
        Keep(pattern, "").matches("/")
    except re.error as error:
        raise InputError(f"{option} {pattern} is no pattern", hint=f"look at the brackets: {error}") from error
