"""Audit the sealed bytes: the tree is read again out of the packed file, as a clone will see it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldsmith.disk.disk import Disk
from goldsmith.errors import ProofError
from goldsmith.events import Emit, Note
from goldsmith.findings import Finding, Severity, printable
from goldsmith.generalization.look import look
from goldsmith.generalization.operation import Operation
from goldsmith.generalization.sparing import Keep
from goldsmith.guest.guest import Guest
from goldsmith.guest.open import open_guest
from goldsmith.pipeline.step import step
from goldsmith.rules.rule import Outcome
from goldsmith.rules.tree import audit as tree
from goldsmith.rules.tree.subject import TreeSubject

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Intent:
    """What was meant to be in the tree: the operations that went over it and what they spared."""

    operations: tuple[Operation, ...]
    keep: tuple[Keep, ...] = ()
    declared: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Audited:
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def failed(self) -> bool:
        return bool(self.errors)

    def as_json(self) -> dict[str, object]:
        return {"findings": [finding.as_json() for finding in self.findings]}

    @property
    def summary(self) -> str:
        return f"{len(self.errors)} errors, {len(self.findings) - len(self.errors)} warnings and notes"


def audit_guest(guest: Guest, intent: Intent) -> Audited:
    """Every rule of the tree on an open guest; changes nothing."""
    view = look(guest, intent.operations, roots=tree.audit_roots())
    if view.info.selinux is not None:
        # Every file has to have a label: this is the one question that takes the whole tree.
        view = look(guest, intent.operations, roots=("/",))
    outcomes = tree.audit(TreeSubject(view, intent.operations, intent.keep, intent.declared, intent.users))
    return Audited(tuple(outcomes), tree.findings(outcomes))


@step("audit")
def audit_sealed(emit: Emit, disk: Disk, intent: Intent, *, engine: str, scratch: Path, accelerated: bool) -> Audited:
    """Raises ProofError where a finding is an error: such an image is not admitted."""
    with open_guest(disk, engine=engine, scratch=scratch, read_only=True, accelerated=accelerated) as guest:
        audited = audit_guest(guest, intent)
    for finding in audited.findings:
        emit(Note(f"{finding.code} {finding.place or ''}: {printable(finding.message)}", warning=True))
    if audited.failed:
        named = "; ".join(f"{finding.code} {finding.message}" for finding in audited.errors[:SHOWN])
        raise ProofError(
            f"the sealed image does not pass the audit: {named}",
            hint="a step put it there after generalizing, or it is meant to stay: then say so with `generalize.keep`",
        )
    return audited
