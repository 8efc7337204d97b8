"""GS509: cloud-init's effective configuration has the settings that the recipe demands."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import Evidence
from goldsmith.rules.evidence_rule import Judgment, clones_rule, fails, holds, unproven


@clones_rule("GS509", "effective-settings", why="What a file sets, a file that is read later may take back.")
def effective_settings(evidence: Evidence) -> Iterator[Judgment]:
    if not evidence.expectation.effective:
        yield holds("settings that the recipe demands", "does not apply: it demands none")
    known = {setting.key: setting.value for setting in evidence.prediction.effective}
    for wanted in evidence.expectation.effective:
        expected = wanted.value or "not set"
        if wanted.key not in known:
            yield unproven(expected, "nothing looked at this setting", about=wanted.key)
        elif known[wanted.key] == wanted.value:
            yield holds(expected, expected, about=wanted.key)
        else:
            seen = known[wanted.key] or "not set"
            yield fails(
                expected,
                seen,
                f"{wanted.key} is {seen}, not {expected}",
                hint=f"`goldsmith explain IMAGE {wanted.key}` says which file sets it",
                about=wanted.key,
            )
