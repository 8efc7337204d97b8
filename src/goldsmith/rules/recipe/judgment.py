"""The outcomes of rules over recipes: what was expected and seen and, where a rule fails, a finding with its place."""

from __future__ import annotations

from dataclasses import dataclass

from goldsmith.findings import Finding, HostPlace, Severity
from goldsmith.recipe.model import Recipe
from goldsmith.rules.rule import Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Judgment:
    """Makes outcomes of one rule about one recipe."""

    code: str
    expected: str
    recipe: Recipe

    def passes(self, seen: str) -> Outcome:
        return Outcome(self.code, self.recipe.name, Verdict.PASS, self.expected, seen)

    def fails(self, severity: Severity, place: HostPlace, message: str, hint: str, *, seen: str = "") -> Outcome:
        finding = Finding(self.code, severity, message, place, hint, subject=str(self.recipe.path))
        return Outcome(self.code, self.recipe.name, Verdict.FAIL, self.expected, seen or message, message, finding)
