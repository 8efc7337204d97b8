"""What a plan does, per operation and path, as data for people and machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from goldsmith.findings import GuestPlace
from goldsmith.guest.change import Change, Kept, Link, MakeDirectory, Plan, Remove, SetAttributes, Write

ACTIONS: Mapping[type[Change], str] = MappingProxyType(
    {
        Remove: "remove",
        Write: "write",
        MakeDirectory: "make-directory",
        SetAttributes: "set-attributes",
        Link: "link",
    }
)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one operation does: how many changes, how many bytes of content go, how many paths were spared."""

    operation: str
    changes: int
    bytes: int
    kept: int

    def as_json(self) -> dict[str, object]:
        return {"operation": self.operation, "changes": self.changes, "bytes": self.bytes, "kept": self.kept}


def tally(plan: Plan) -> tuple[Tally, ...]:
    """Each operation that changes or spares something, by name."""
    names = sorted({change.operation for change in plan} | {kept.operation for kept in plan.kept})
    return tuple(
        Tally(
            operation=name,
            changes=sum(change.operation == name for change in plan),
            bytes=sum(freed(change) for change in plan if change.operation == name),
            kept=sum(kept.operation == name for kept in plan.kept),
        )
        for name in names
    )


def freed(change: Change) -> int:
    """How many bytes of content a change takes out of the guest."""
    match change:
        case Remove():
            return change.bytes
        case Write():
            return max(0, change.bytes - len(change.content))
        case _:
            return 0


def action(change: Change) -> str:
    """The word for what a change does."""
    return ACTIONS[type(change)]


def plan_as_json(plan: Plan) -> list[dict[str, object]]:
    """`plan`, `applied` or `second_plan` of a command's document, in the order of application."""
    return [
        {
            "operation": change.operation,
            "action": action(change),
            **GuestPlace(change.path).as_json(),
            "reason": change.reason,
            "bytes": change.bytes,
        }
        for change in plan
    ]


def kept_as_json(kept: tuple[Kept, ...]) -> list[dict[str, object]]:
    """`kept` of a command's document."""
    return [{"operation": each.operation, **GuestPlace(each.path).as_json(), "reason": each.reason} for each in kept]
