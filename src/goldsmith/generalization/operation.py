"""Operations: the units of generalizing. Each looks at a view of the guest and yields the changes that it wants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from goldsmith.findings import Severity
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change


@dataclass(frozen=True, slots=True)
class Remark:
    """What an operation has to say about a path beside its changes: what it cannot do, or what follows from it."""

    operation: str
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One unit of generalizing.

    `covers` says in a phrase what goes; `roots` are the guest paths it has to see (homes of users are always there);
    `upstream` names the equivalent of virt-sysprep or cloud-init clean; `plan` yields changes and touches nothing;
    `severity` is how bad it is when a sealed image still holds what this would change: an error for what makes two
    clones one machine or gives a secret away. `further` names roots that only the guest's own files tell, from a view
    of all others; `remarks` says what no change can.
    """

    name: str
    covers: str
    roots: tuple[str, ...]
    plan: Callable[[View], Iterable[Change]]
    upstream: str = ""
    default: bool = True
    severity: Severity = Severity.WARNING
    further: Callable[[View], Iterable[str]] | None = None
    remarks: Callable[[View], Iterable[Remark]] | None = None


_REGISTRY: dict[str, Operation] = {}


def operation(
    name: str,
    *,
    covers: str,
    roots: tuple[str, ...],
    upstream: str = "",
    default: bool = True,
    severity: Severity = Severity.WARNING,
    further: Callable[[View], Iterable[str]] | None = None,
    remarks: Callable[[View], Iterable[Remark]] | None = None,
) -> Callable[[Callable[[View], Iterator[Change]]], Operation]:
    """Register a planning function as an operation."""

    def make(plan: Callable[[View], Iterator[Change]]) -> Operation:
        return register(
            Operation(
                name=name,
                covers=covers,
                roots=roots,
                plan=plan,
                upstream=upstream,
                default=default,
                severity=severity,
                further=further,
                remarks=remarks,
            )
        )

    return make


def removal(
    name: str,
    patterns: tuple[str, ...],
    *,
    covers: str,
    reason: str,
    upstream: str = "",
    default: bool = True,
    severity: Severity = Severity.WARNING,
) -> Operation:
    """Register an operation that removes all that its patterns match (see `View.find`), whole directories included."""

    def plan(view: View) -> Iterator[Change]:
        for entry in view.find(*patterns):
            yield from view.remove(entry, name, reason)

    return operation(
        name, covers=covers, roots=roots_of(patterns), upstream=upstream, default=default, severity=severity
    )(plan)


def roots_of(patterns: Iterable[str]) -> tuple[str, ...]:
    """The guest paths to list so that patterns can be matched: what stands before the first wildcard. Homes are always
    listed.
    """
    roots: dict[str, None] = {}
    for pattern in patterns:
        if not pattern.startswith("~/"):
            parts = pattern.split("/")
            wild = next((number for number, part in enumerate(parts) if any(c in part for c in "*?[")), len(parts))
            roots["/".join(parts[:wild])] = None
    return tuple(roots)


def register(made: Operation) -> Operation:
    """Make an operation known under its name."""
    if made.name in _REGISTRY:
        raise ValueError(f"two operations are named {made.name}")
    _REGISTRY[made.name] = made
    return made


def registered() -> tuple[Operation, ...]:
    """Every operation, sorted by name; importing the package of operations fills this."""
    return tuple(_REGISTRY[name] for name in sorted(_REGISTRY))
