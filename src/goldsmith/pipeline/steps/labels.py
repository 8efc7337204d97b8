"""Give every path of an SELinux guest that lacks a label the one of the guest's own policy.

Neither an appliance's kernel nor, most often, the host's labels what it makes. A clone that enforces its policy would
not let its services read such files, and `/.autorelabel` would cost every clone a full relabel and a second boot.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from goldsmith.errors import BuildError
from goldsmith.events import Emit, Note
from goldsmith.findings import printable
from goldsmith.generalization.sparing import Keep, why_spared
from goldsmith.guest.change import Change, Plan, Remove, Seen
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.guest.labels.places import FSTAB, unlabelable
from goldsmith.guest.labels.plan import AUTORELABEL, OPERATION, Labeling, foreseen, plan_labels
from goldsmith.guest.labels.policy import Policy, read_policy
from goldsmith.pipeline.step import step

NAMED = 3
DONE_HERE = "all labels are right already: no clone has to relabel and boot again"


@dataclass(frozen=True, slots=True)
class LabeledGuest:
    """`plan` was applied; `undecided` are paths without a label for which the policy could not be read."""

    policy: str
    plan: Plan
    undecided: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        said = f"{len(self.plan)} changes by the guest's policy {self.policy}, second plan empty"
        return f"{said}, {len(self.undecided)} paths without a label" if self.undecided else said


@dataclass(frozen=True, slots=True)
class Spared:
    """What generalizing leaves alone: a flag for relabeling is one more residue, unless somebody wants it."""

    keep: Sequence[Keep] = ()
    declared: Collection[str] = ()


def list_labeled(guest: Guest) -> Index | None:
    """Everything in a guest with a policy, to know later what is new; None for a guest without one."""
    return guest.index() if read_policy(guest) is not None else None


def label_guest(emit: Emit, guest: Guest, *, before: Index | None = None, spared: Spared = Spared()) -> Plan:
    """Plan, apply, and plan again until nothing is left to do; does nothing in a guest without a policy.

    `before` is what was listed before the guest was changed. Raises BuildError where the second plan is not empty.
    """
    policy = read_policy(guest)
    if policy is None:
        return Plan()
    if guest.engine == "tree" and os.geteuid() != 0:
        emit(Note("only root can set SELinux labels in a directory: new files have none", warning=True))
        return Plan()
    # A step only in guests with a policy: most have none.
    return step("labels")(_label)(emit, guest, policy, before, spared).plan


def foresee_labels(guest: Guest, planned: Plan, spared: Spared = Spared()) -> Plan:
    """What `label_guest` will do when a plan has been applied, for a dry run."""
    policy = read_policy(guest)
    return _plan(guest, policy, foreseen(guest.index(), planned), None, spared).plan if policy is not None else Plan()


def _label(emit: Emit, guest: Guest, policy: Policy, before: Index | None, spared: Spared) -> LabeledGuest:
    if policy.contexts.ignored:
        emit(Note(f"{policy.contexts.ignored} lines of the guest's file_contexts cannot be read", warning=True))
    labeling = _plan(guest, policy, guest.index(), before, spared)
    if labeling.plan.changes:
        guest.apply(labeling.plan)
        second = _plan(guest, policy, guest.index(), before, spared).plan
        if second.changes:
            named = ", ".join(printable(change.path) for change in second.changes[:NAMED])
            raise BuildError(f"labels are still missing after one pass: {named}")
        guest.sync()
    if labeling.undecided:
        named = ", ".join(printable(path) for path in labeling.undecided[:NAMED])
        emit(Note(f"{len(labeling.undecided)} paths keep no SELinux label, as {named}", warning=True))
    return LabeledGuest(policy.name, labeling.plan, labeling.undecided)


def _plan(guest: Guest, policy: Policy, index: Index, before: Index | None, spared: Spared) -> Labeling:
    flag = index.get(AUTORELABEL)
    relabel = flag is not None and flag.is_regular and why_spared(AUTORELABEL, spared.keep, spared.declared) is None
    labeling = plan_labels(index, policy, before=before, unlabelable=_unlabelable(guest), relabel=relabel)
    if flag is None or not relabel or labeling.undecided:
        return labeling
    others: list[Change] = [change for change in labeling.plan if change.path != AUTORELABEL]
    done = Remove(path=AUTORELABEL, seen=Seen.of(flag), operation=OPERATION, reason=DONE_HERE, bytes=flag.size)
    return Labeling(Plan((*others, done)))


def _unlabelable(guest: Guest) -> frozenset[str]:
    try:
        return unlabelable(guest.read(FSTAB))
    except FileNotFoundError:
        return frozenset()
