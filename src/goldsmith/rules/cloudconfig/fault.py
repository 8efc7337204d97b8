"""How a rule of the cloud configuration is written: it yields what is wrong, and the rest is made of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from goldsmith.findings import Finding, GuestPlace, HostPlace, Severity, TextEdit
from goldsmith.rules.cloudconfig.subject import CloudConfig
from goldsmith.rules.rule import Needs, Outcome, Rule, Verdict, rule


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, where it stands, and what to do about it."""

    severity: Severity
    place: HostPlace | GuestPlace | None
    message: str
    hint: str
    repair: TextEdit | None = None


def configuration_rule(
    code: str, name: str, *, why: str, since: str, wrong: str, right: str
) -> Callable[[Callable[[CloudConfig], Iterator[Fault]]], Rule]:
    """Register a function over a cloud configuration as a rule.

    `wrong` is a file that the rule finds fault with, `right` one that it does not: tests judge both.
    """

    def register(faults: Callable[[CloudConfig], Iterator[Fault]]) -> Rule:
        def run(subject: CloudConfig) -> Iterator[Outcome]:
            found = False
            for fault in faults(subject):
                found = True
                yield _failed(code, name, fault)
            if not found:
                yield Outcome(code, "cloud configuration", Verdict.PASS, name, "nothing else")

        return rule(code, name, needs=Needs.CLOUDCONFIG, why=why, since=since, wrong=wrong, right=right)(run)

    return register


def _failed(code: str, name: str, fault: Fault) -> Outcome:
    subject = str(fault.place) if fault.place is not None else "cloud configuration"
    finding = Finding(code, fault.severity, fault.message, fault.place, fault.hint, subject, fault.repair)
    return Outcome(code, subject, Verdict.FAIL, name, fault.message, fault.message, finding)
