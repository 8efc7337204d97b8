"""What rules of the tree are about: the view of a sealed tree, and what its recipe meant to be there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from goldsmith.errors import BuildError
from goldsmith.findings import Finding, GuestPlace, Severity, printable
from goldsmith.generalization.operation import Operation
from goldsmith.generalization.plan import plan
from goldsmith.generalization.sparing import Keep, canonical, why_spared
from goldsmith.generalization.view import View
from goldsmith.guest.change import Plan, Remove, Write
from goldsmith.guest.index import Entry
from goldsmith.rules.rule import Outcome, Verdict
from goldsmith.rules.tree.contents import SWEPT, Sweep, Text, sweep

# What rules look at beyond the roots of operations and those that they name themselves; see `audit_roots`.
AUDIT_ROOTS = (
    *SWEPT,
    "/.autorelabel",
    "/.unconfigured",
    "/efi/loader",
    "/forcefsck",
    "/var/lib/dbus",
)


# Longest file of configuration that a rule reads.
READ_LIMIT = 1 << 20


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
        return self.why_meant(path)

    def why_meant(self, path: str) -> str | None:
        """Why a canonical path may be there on purpose: the recipe wrote it, or keeps it. None if not."""
        return why_spared(path, self.keep, self._declared)

    @cached_property
    def residue(self) -> Plan:
        """What the operations would still change."""
        return plan(self.view, self.operations, keep=self.keep, declared=self.declared)

    def find(self, *patterns: str) -> Iterator[Entry]:
        """As `View.find`, without what operations would still remove: that is told as residue, once."""
        return (entry for entry in self.view.find(*patterns) if entry.path not in self._doomed)

    def files(self, *patterns: str) -> Iterator[Entry]:
        """The regular files with content among them. A FIFO, a device or a link under a file's name holds nothing."""
        return (entry for entry in self.find(*patterns) if entry.is_regular and entry.size)

    def all_files(self, name: re.Pattern[str]) -> Iterator[Entry]:
        """Every regular file with content that was listed and whose path has the expression in it."""
        for entry in self.view.index.values():
            if entry.is_regular and entry.size and name.search(entry.path) and entry.path not in self._doomed:
                yield entry

    def read(self, path: str, limit: int = READ_LIMIT) -> bytes:
        """A file's content, links followed; nothing where there is no file, or one that `content` has nothing of."""
        return self.content(path, limit) or b""

    def content(self, path: str, limit: int = READ_LIMIT) -> bytes | None:
        """A file's content, links followed; None where there is no file, one too long to be what it seems, or one that
        this user may not read.
        """
        try:
            return self.view.read(path, limit=limit)
        except BuildError:
            return None

    @cached_property
    def swept(self) -> Sweep:
        """The small files of the places where secrets are left."""
        return sweep(self.view)

    @property
    def texts(self) -> Iterator[Text]:
        """What was swept, without what operations would still remove."""
        return (text for text in self.swept.texts if text.path not in self._doomed)

    @cached_property
    def _doomed(self) -> frozenset[str]:
        gone = (
            each for each in self.residue if isinstance(each, Remove) or (isinstance(each, Write) and not each.content)
        )
        return frozenset(change.path for change in gone)

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
    rule: str,
    path: str,
    expected: str,
    seen: str,
    message: str,
    *,
    hint: str,
    severity: Severity = Severity.ERROR,
    line: int = 0,
) -> Outcome:
    """The outcome of a rule that does not hold at a path of the guest, with its finding. `line` is 1-based."""
    place = GuestPlace(path, line, 1 if line else 0)
    return Outcome(
        rule=rule,
        subject=str(place),
        verdict=Verdict.FAIL,
        expected=expected,
        seen=seen,
        message=message,
        finding=Finding(code=rule, severity=severity, message=message, place=place, hint=hint, subject=str(place)),
    )


def leaked(  # noqa: PLR0917  as `failed`, with the subject in front
    subject: TreeSubject,
    rule: str,
    path: str,
    expected: str,
    seen: str,
    message: str,
    *,
    hint: str,
    severity: Severity = Severity.ERROR,
    line: int = 0,
) -> Outcome:
    """As `failed`; a warning with the reason where the recipe put it there or keeps it."""
    why = subject.why_meant(path)
    if why is not None:
        message = f"{message} ({printable(why)})"
        severity = Severity.WARNING if severity is Severity.ERROR else severity
    return failed(rule, path, expected, seen, message, hint=hint, severity=severity, line=line)
