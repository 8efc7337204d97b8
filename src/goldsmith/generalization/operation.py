"""Operations: the units of generalizing. Each looks at a view of the guest and yields the changes that it wants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from goldsmith.generalization.view import View
from goldsmith.guest.change import Change


@dataclass(frozen=True, slots=True)
class Operation:
    """One unit of generalizing.

    `covers` says in a phrase what goes; `roots` are the guest paths it has to see (homes of users are always there);
    `upstream` names the equivalent of virt-sysprep or cloud-init clean; `plan` yields changes and touches nothing.
    """

    name: str
    covers: str
    roots: tuple[str, ...]
    plan: Callable[[View], Iterable[Change]]
    upstream: str = ""
    default: bool = True


_REGISTRY: dict[str, Operation] = {}


def operation(
    name: str, *, covers: str, roots: tuple[str, ...], upstream: str = "", default: bool = True
) -> Callable[[Callable[[View], Iterator[Change]]], Operation]:
    """Register a planning function as an operation."""

    def register(plan: Callable[[View], Iterator[Change]]) -> Operation:
        if name in _REGISTRY:
            raise ValueError(f"two operations are named {name}")
        made = Operation(name=name, covers=covers, roots=roots, plan=plan, upstream=upstream, default=default)
        _REGISTRY[name] = made
        return made

    return register


def registered() -> tuple[Operation, ...]:
    """Every operation, sorted by name; importing the package of operations fills this."""
    return tuple(_REGISTRY[name] for name in sorted(_REGISTRY))
