"""Audit the sealed bytes: the tree is read again out of the packed file, as a clone will see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import goldsmith.rules.bytes  # noqa: F401  registers them
from goldsmith.cloudinit.effective import CLOUD_CFG
from goldsmith.disk.disk import Disk
from goldsmith.disk.scan import scan
from goldsmith.errors import ProofError
from goldsmith.events import Emit, Note
from goldsmith.findings import Finding, GuestPlace, Severity, printable, tally
from goldsmith.generalization.look import look
from goldsmith.generalization.operation import Operation
from goldsmith.generalization.sparing import Keep
from goldsmith.guest.guest import Guest
from goldsmith.guest.open import open_guest
from goldsmith.pipeline.step import step
from goldsmith.pipeline.steps.cloud_config import cloud_config_of
from goldsmith.recipe.model import Recipe
from goldsmith.rules.bytes.subject import BytesSubject, found_on_disk, patterns_of
from goldsmith.rules.cloudconfig.lint import outcomes as cloud_config_outcomes
from goldsmith.rules.rule import Needs, Outcome, Verdict, judge, rules_of
from goldsmith.rules.tree import audit as tree
from goldsmith.rules.tree.subject import TreeSubject
from goldsmith.rules.waiver import Waiver, waive
from goldsmith.secrets import Secret

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Intent:
    """What was meant to be in the tree: the operations that went over it and what they spared."""

    operations: tuple[Operation, ...]
    keep: tuple[Keep, ...] = ()
    declared: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    waivers: tuple[Waiver, ...] = ()


def waivers_of(recipe: Recipe) -> tuple[Waiver, ...]:
    """What a recipe takes as it is."""
    return tuple(Waiver(each.rule, each.reason, each.path) for each in recipe.audit.waive)


@dataclass(frozen=True, slots=True)
class Audited:
    """`idle` are the waivers that cover nothing, `canaries` the names of what was searched for in all bytes."""

    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
    idle: tuple[Waiver, ...] = ()
    canaries: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What nobody waived."""
        return tuple(
            finding for finding in self.findings if finding.severity is Severity.ERROR and finding.waived is None
        )

    @property
    def waived(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.waived is not None)

    @property
    def failed(self) -> bool:
        return bool(self.errors)

    def as_json(self) -> dict[str, object]:
        return {
            "findings": [finding.as_json() for finding in self.findings],
            "canaries": list(self.canaries),
            "idle_waivers": [{"rule": each.rule, "path": each.pattern, "reason": each.reason} for each in self.idle],
        }

    @property
    def summary(self) -> str:
        errors, waived = len(self.errors), len(self.waived)
        rest = tally(errors, len(self.findings) - errors - waived)
        return f"{rest}, {waived} waived" if waived else rest


def audit_guest(guest: Guest, intent: Intent) -> Audited:
    """Every rule of the tree on an open guest; changes nothing."""
    return judged(judge_guest(guest, intent), intent)


def judged(outcomes: Iterable[Outcome], intent: Intent, canaries: Iterable[Secret] = ()) -> Audited:
    """The result that outcomes make, with what is waived. What nothing could look at is an error too."""
    told = tuple(outcomes)
    found, idle = waive((finding for outcome in told if (finding := _finding(outcome)) is not None), intent.waivers)
    return Audited(told, found, idle, tuple(canary.name for canary in canaries))


def _finding(outcome: Outcome) -> Finding | None:
    if outcome.finding is not None or outcome.verdict is not Verdict.UNPROVEN:
        return outcome.finding
    place = GuestPlace(outcome.subject) if outcome.subject.startswith("/") else None
    message = f"not proven: {outcome.expected}: {outcome.message}"
    hint = "look at it yourself, and waive the rule with what you found as the reason"
    return Finding(outcome.rule, Severity.ERROR, message, place, hint, subject=outcome.subject)


def judge_guest(guest: Guest, intent: Intent) -> list[Outcome]:
    """Every rule of the tree and of its cloud configuration on an open guest."""
    view = look(guest, intent.operations, roots=tree.audit_roots())
    if view.info.selinux is not None:
        # Every file has to have a label: this is the one question that takes the whole tree.
        view = look(guest, intent.operations, roots=("/",))
    subject = TreeSubject(view, intent.operations, intent.keep, intent.declared, intent.users)
    return [*tree.audit(subject), *judge_cloud_config(guest)]


def judge_cloud_config(guest: Guest) -> list[Outcome]:
    """Every rule over cloud-init's configuration, where the guest has one."""
    if guest.index((CLOUD_CFG,)).resolve(CLOUD_CFG) is None:
        return []
    return cloud_config_outcomes(cloud_config_of(guest))


def judge_bytes(emit: Emit, disk: Disk, canaries: Sequence[Secret], scratch: Path) -> list[Outcome]:
    """Every rule over the bytes of a disk, decoded and searched to its end; only where something is searched for."""
    if not canaries:
        return []
    hits = scan(disk, patterns_of(canaries), scratch=scratch, emit=emit)
    subject = BytesSubject(tuple(canary.name for canary in canaries), found_on_disk(hits))
    return judge(rules_of(Needs.BYTES), subject)


@step("audit")
def audit_sealed(
    emit: Emit,
    disk: Disk,
    intent: Intent,
    *,
    engine: str,
    scratch: Path,
    accelerated: bool,
    canaries: Sequence[Secret] = (),
) -> Audited:
    """Raises ProofError where a finding is an error that the recipe does not waive: such an image is not admitted."""
    with open_guest(disk, engine=engine, scratch=scratch, read_only=True, accelerated=accelerated) as guest:
        outcomes = judge_guest(guest, intent)
    audited = judged([*outcomes, *judge_bytes(emit, disk, canaries, scratch)], intent, canaries)
    tell(emit, audited)
    if audited.failed:
        named = "; ".join(f"{finding.code} {finding.message}" for finding in audited.errors[:SHOWN])
        raise ProofError(
            f"the sealed image does not pass the audit: {named}",
            hint="a step put it there after generalizing, or it is meant to stay: then say so with `generalize.keep`, "
            "or `audit.waive` and a reason",
        )
    return audited


def tell(emit: Emit, audited: Audited) -> None:
    """Each finding, and each waiver that covers nothing, as a note."""
    for finding in audited.findings:
        waived = f" (waived: {printable(finding.waived)})" if finding.waived is not None else ""
        place = f" {finding.place}" if finding.place is not None else ""
        emit(Note(f"{finding.code}{place}: {printable(finding.message)}{waived}", warning=_warns(finding)))
    for waiver in audited.idle:
        emit(Note(f"the waiver of {printable(str(waiver))} covers nothing", warning=True))


def _warns(finding: Finding) -> bool:
    return finding.waived is None and finding.severity is not Severity.NOTE
