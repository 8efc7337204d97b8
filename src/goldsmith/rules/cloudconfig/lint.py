"""What the rules over cloud configurations say about one."""

from __future__ import annotations

from goldsmith.findings import Finding, GuestPlace, HostPlace, Place
from goldsmith.rules.allowance import Spot, allowances, waived
from goldsmith.rules.cloudconfig.subject import CloudConfig
from goldsmith.rules.rule import Needs, judge, rules_of


def lint(subject: CloudConfig) -> list[Finding]:
    """Every finding of every rule, by file and line; those that a comment allows carry its reason."""
    outcomes = judge(rules_of(Needs.CLOUDCONFIG), subject)
    found = [outcome.finding for outcome in outcomes if outcome.finding is not None]
    allowed: dict[Spot, str] = {}
    for file in subject.own:
        allowed |= allowances(file.lines, [file.at(number, 1) for number in range(1, len(file.lines) + 1)])
    return sorted(waived(found, allowed), key=lambda finding: (*_order(finding.place), finding.code))


def _order(place: Place) -> tuple[str, int, int]:
    match place:
        case HostPlace(file, line, column) | GuestPlace(file, line, column):
            return (file, line, column)
        case _:
            return ("", 0, 0)
