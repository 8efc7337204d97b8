"""Waivers: findings of the audit that somebody takes as they are, each for a reason that is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from goldsmith.findings import Finding, GuestPlace
from goldsmith.generalization.sparing import Keep


@dataclass(frozen=True, slots=True)
class Waiver:
    """Takes a rule's findings as they are: all of them, or those at paths that `pattern` matches (see `Keep`)."""

    rule: str
    reason: str
    pattern: str | None = None

    def covers(self, finding: Finding) -> bool:
        if finding.code != self.rule:
            return False
        if self.pattern is None:
            return True
        return isinstance(finding.place, GuestPlace) and Keep(self.pattern, "").matches(finding.place.path)

    def __str__(self) -> str:
        return self.rule if self.pattern is None else f"{self.rule} at {self.pattern}"


def waive(findings: Iterable[Finding], waivers: Sequence[Waiver]) -> tuple[tuple[Finding, ...], tuple[Waiver, ...]]:
    """The findings, with the reason where a waiver covers one, and the waivers that cover nothing."""
    told: list[Finding] = []
    used: set[Waiver] = set()
    for finding in findings:
        covering = [each for each in waivers if each.covers(finding)]
        used.update(covering)
        told.append(replace(finding, waived=covering[0].reason) if covering else finding)
    return tuple(told), tuple(each for each in waivers if each not in used)
