"""What rules of the tree are about: the view of a sealed tree, and what its recipe meant to be there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from goldsmith.findings import Finding, GuestPlace, Severity
from goldsmith.generalization.operation import Operation
from goldsmith.generalization.sparing import Keep, canonical, why_spared
from goldsmith.generalization.view import View
from goldsmith.rules.rule import Outcome, Verdict

# What rules look at beyond the roots of operations: pass it to `look`.
AUDIT_ROOTS = (
    "/.autorelabel",
    "/.unconfigured",
    "/boot/grub",
    "/boot/grub2",
    "/boot/loader",
    "/efi/loader",
    "/forcefsck",
    "/etc/cloud",
    "/etc/default/grub",
    "/etc/kernel",
    "/etc/machine-id",
    "/etc/passwd",
    "/etc/ssh",
    "/var/lib/cloud",
    "/var/lib/dbus",
)


@dataclass(frozen=True)
class TreeSubject:
    """`operations` are those that generalized the tree (for a tree of unknown origin, the defaults), `keep` and
    `declared` what they spared, `users` the names of accounts that the recipe asks for.
    """

    view: View
    operations: tuple[Operation, ...]
    keep: tuple[Keep, ...] = ()
    declared: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()

    def why_left(self, operation: str, path: str) -> str | None:
        """Why something may be there on purpose: its operation was not selected, or the path was spared. None if not.

        What is there on purpose is told as a warning, not as an error.
        """
        if not any(each.name == operation for each in self.operations):
            return f"the operation {operation} was not selected"
        return why_spared(path, self.keep, self._declared)

    @cached_property
    def _declared(self) -> frozenset[str]:
        return canonical(self.view.index, self.declared)


def passed(rule: str, subject: str, expected: str, seen: str) -> Outcome:
    """The outcome of a rule that holds."""
    return Outcome(rule=rule, subject=subject, verdict=Verdict.PASS, expected=expected, seen=seen)


def unproven(rule: str, subject: str, expected: str, why: str) -> Outcome:
    """The outcome of a rule that had nothing to look at."""
    return Outcome(
        rule=rule, subject=subject, verdict=Verdict.UNPROVEN, expected=expected, seen="not looked at", message=why
    )


def failed(
    rule: str, path: str, expected: str, seen: str, message: str, *, hint: str, severity: Severity = Severity.ERROR
) -> Outcome:
    """The outcome of a rule that does not hold at a path of the guest, with its finding."""
    place = GuestPlace(path)
    return Outcome(
        rule=rule,
        subject=str(place),
        verdict=Verdict.FAIL,
        expected=expected,
        seen=seen,
        message=message,
        finding=Finding(code=rule, severity=severity, message=message, place=place, hint=hint, subject=str(place)),
    )
