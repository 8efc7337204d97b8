"""What a plan does, per operation and path, as data for people and machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from goldsmith.findings import GuestPlace, printable
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
    changes: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for change in plan:
        changes[change.operation] += 1
        held[change.operation] += freed(change)
    kept = Counter(each.operation for each in plan.kept)
    return tuple(
        Tally(operation=name, changes=changes[name], bytes=held[name], kept=kept[name])
        for name in sorted({*changes, *kept})
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


def plan_as_text(plan: Plan, *, whole: bool) -> list[str]:
    """A plan for people: operation by operation with what each changes, frees and spares; `whole` with every path, its
    action, the bytes that go and the reason. The last line sums up.
    """
    lines: list[str] = []
    of: dict[str, list[Change]] = {}
    for change in plan:
        of.setdefault(change.operation, []).append(change)
    for each in tally(plan):
        lines.append(f"{each.operation}: {each.changes} changes, {size(each.bytes)}, {each.kept} kept")
        if whole:
            lines.extend(
                f"  {action(change):<14} {printable(change.path)}  {size(freed(change))}  {change.reason}"
                for change in of.get(each.operation, ())
            )
    lines.extend(f"kept {printable(kept.path)} ({kept.operation}): {printable(kept.reason)}" for kept in plan.kept)
    lines.append(f"{len(plan)} changes; {size(sum(map(freed, plan)))}")
    return lines


def size(count: int) -> str:
    """Bytes for people: exactly below 1 KiB, else in the unit that fits."""
    if count < 1 << 10:
        return f"{count} B"
    unit, name = next(
        (unit, name)
        for unit, name in ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
        if count >= unit
    )
    return f"{count / unit:.1f} {name}"
