"""Rules: what must hold. One file each, one registry, one code each; pure over what they are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from goldsmith.findings import Finding


class Needs(StrEnum):
    """What a rule looks at; the name of its folder."""

    RECIPE = "recipe"
    CLOUDCONFIG = "cloudconfig"
    TREE = "tree"
    BYTES = "bytes"
    CLONE = "clone"
    CLONES = "clones"


class Verdict(StrEnum):
    """What a rule says about a subject. What nothing looked at is unproven, never passed."""

    PASS = "pass"
    FAIL = "fail"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One rule on one subject: what was expected, what was seen and, if it failed, a finding."""

    rule: str
    subject: str
    verdict: Verdict
    expected: str
    seen: str
    message: str = ""
    finding: Finding | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "rule": self.rule,
            "subject": self.subject,
            "verdict": self.verdict.value,
            "expected": self.expected,
            "seen": self.seen,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """`run` yields an outcome for each subject it judged. Where the rule does not apply it yields a pass whose `seen`
    says so; `judge` turns silence into an unproven outcome. `roots` are the guest paths that a rule of the tree has to
    see beyond what operations and other rules list; homes of users are always there. `since` says from which version of
    the software that is judged the rule holds; `wrong` and `right` are an example that fails and what it should be.
    """

    code: str
    name: str
    needs: Needs
    why: str
    run: Callable[[Any], Iterable[Outcome]]
    roots: tuple[str, ...] = ()
    since: str = ""
    wrong: str = ""
    right: str = ""


_REGISTRY: dict[str, Rule] = {}


def rule(
    code: str,
    name: str,
    *,
    needs: Needs,
    why: str,
    roots: tuple[str, ...] = (),
    since: str = "",
    wrong: str = "",
    right: str = "",
) -> Callable[[Callable[[Any], Iterator[Outcome]]], Rule]:
    """Register a function over evidence as a rule. `why` is a sentence for the reference page."""

    def register(run: Callable[[Any], Iterator[Outcome]]) -> Rule:
        if code in _REGISTRY:
            raise ValueError(f"two rules have the code {code}")
        made = Rule(code, name, needs, why, run, roots, since, wrong, right)
        _REGISTRY[code] = made
        return made

    return register


def rules_of(needs: Needs) -> tuple[Rule, ...]:
    """Every registered rule of one kind, by code."""
    return tuple(_REGISTRY[code] for code in sorted(_REGISTRY) if _REGISTRY[code].needs is needs)


def judge(rules: Iterable[Rule], subject: Any) -> list[Outcome]:
    """Every rule's outcomes on one subject. A rule that says nothing is unproven: silence is no proof."""
    outcomes: list[Outcome] = []
    for each in rules:
        said = list(each.run(subject))
        outcomes.extend(said or [Outcome(each.code, "", Verdict.UNPROVEN, each.name, "", "the rule said nothing")])
    return outcomes
