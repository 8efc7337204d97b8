"""What operations have to say beside their changes: what they cannot do, and what follows from what they do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from goldsmith.findings import GuestPlace
from goldsmith.generalization.operation import Operation, Remark
from goldsmith.generalization.sparing import Keep, canonical, why_spared
from goldsmith.generalization.view import View


def remarks(
    view: View, operations: Iterable[Operation], *, keep: Sequence[Keep] = (), declared: Collection[str] = ()
) -> tuple[Remark, ...]:
    """The remarks of all operations on a guest as it is before they change it, by operation, each once."""
    spared = canonical(view.index, declared)
    looking = replace(view, spares=lambda path: why_spared(path, keep, spared) is not None)
    found = {
        remark: None
        for each in sorted(operations, key=lambda operation: operation.name)
        if each.remarks is not None
        for remark in each.remarks(looking)
    }
    return tuple(found)


def remarks_as_json(said: Iterable[Remark]) -> list[dict[str, object]]:
    """`notes` of a command's document."""
    return [{"operation": each.operation, **GuestPlace(each.path).as_json(), "message": each.message} for each in said]
