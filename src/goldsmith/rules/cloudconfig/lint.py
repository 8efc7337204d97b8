"""What the rules over cloud configurations say about one."""

from __future__ import annotations

from dataclasses import replace

from goldsmith.findings import Finding, GuestPlace, HostPlace, Place
from goldsmith.rules.allowance import Spot, allowances, waived
from goldsmith.rules.cloudconfig.subject import CloudConfig
from goldsmith.rules.rule import Needs, Outcome, judge, rules_of


def outcomes(subject: CloudConfig) -> list[Outcome]:
    """What every rule says; findings that a comment allows carry its reason."""
    allowed: dict[Spot, str] = {}
    for file in subject.own:
        allowed |= allowances(file.lines, [file.at(number, 1) for number in range(1, len(file.lines) + 1)])
    return [
        replace(outcome, finding=waived([outcome.finding], allowed)[0]) if outcome.finding is not None else outcome
        for outcome in judge(rules_of(Needs.CLOUDCONFIG), subject)
    ]


def lint(subject: CloudConfig) -> list[Finding]:
    """Every finding of every rule, by file and line."""
    found = [outcome.finding for outcome in outcomes(subject) if outcome.finding is not None]
    return sorted(found, key=lambda finding: (*_order(finding.place), finding.code))


def _order(place: Place) -> tuple[str, int, int]:
    match place:
        case HostPlace(file, line, column) | GuestPlace(file, line, column):
            return (file, line, column)
        case _:
            return ("", 0, 0)
