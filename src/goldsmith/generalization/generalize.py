"""Generalizing a guest: look, plan, apply, look again; the second plan must be empty."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from goldsmith.errors import BuildError
from goldsmith.findings import printable
from goldsmith.generalization.look import look
from goldsmith.generalization.operation import Operation, Remark
from goldsmith.generalization.plan import plan
from goldsmith.generalization.remarks import remarks
from goldsmith.generalization.select import select
from goldsmith.generalization.sparing import Keep
from goldsmith.guest.change import Plan
from goldsmith.guest.guest import Guest

__all__ = ["Generalized", "Keep", "Preview", "generalize", "idle", "look", "plan", "preview", "select"]

NAMED = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be applied, each `keep` that spares nothing, and what operations have to say beside."""

    plan: Plan
    idle: tuple[Keep, ...] = ()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Generalized:
    """What was applied, the second plan (empty: the proof), each `keep` that spared nothing, and the remarks."""

    applied: Plan
    second: Plan
    idle: tuple[Keep, ...] = ()
    remarks: tuple[Remark, ...] = ()


def preview(
    guest: Guest, operations: Sequence[Operation], *, keep: Sequence[Keep] = (), declared: Collection[str] = ()
) -> Preview:
    """The plan for a guest, and what there is to say about it; nothing is changed."""
    view = look(guest, operations)
    planned = plan(view, operations, keep=keep, declared=declared)
    return Preview(planned, idle(planned, keep), remarks(view, operations, keep=keep, declared=declared))


def generalize(
    guest: Guest, operations: Sequence[Operation], *, keep: Sequence[Keep] = (), declared: Collection[str] = ()
) -> Generalized:
    """Apply the operations' plan to a guest and prove that nothing is left to plan.

    Raises BuildError, naming paths and operations, where a second look still wants changes; ConflictError where the
    guest changed meanwhile.
    """
    first = preview(guest, operations, keep=keep, declared=declared)
    guest.apply(first.plan)
    second = plan(look(guest, operations), operations, keep=keep, declared=declared)
    if second.changes:
        raise BuildError(
            f"generalizing is not done after one pass: {_named(second)}",
            hint="something in the guest changes while it is generalized, or an operation does not do what it planned",
        )
    return Generalized(applied=first.plan, second=second, idle=first.idle, remarks=first.remarks)


def idle(planned: Plan, keep: Iterable[Keep]) -> tuple[Keep, ...]:
    """Every `keep` that spared nothing in a plan: a mistyped path, or one that needs no keeping."""
    spared = {kept.path for kept in planned.kept}
    return tuple(each for each in keep if not any(each.matches(path) for path in spared))


def _named(left: Plan) -> str:
    shown = [f"{printable(change.path)} ({change.operation})" for change in left.changes[:NAMED]]
    more = len(left) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
