"""Take out what a clone must not inherit: plan, apply, and plan again until nothing is left to do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from goldsmith.events import Emit, Note
from goldsmith.generalization.generalize import Generalized, Keep, generalize
from goldsmith.generalization.operation import Operation
from goldsmith.generalization.report import freed
from goldsmith.guest.guest import Guest
from goldsmith.pipeline.step import step

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class GeneralizedGuest:
    result: Generalized

    @property
    def summary(self) -> str:
        changes = self.result.applied
        size = sum(freed(change) for change in changes) / MIB
        return f"{len(changes)} changes, {size:.1f} MiB freed, second plan empty"


@step("generalize")
def generalize_guest(
    emit: Emit, guest: Guest, operations: Sequence[Operation], keep: Sequence[Keep], declared: Collection[str]
) -> GeneralizedGuest:
    result = generalize(guest, operations, keep=keep, declared=declared)
    for idle in result.idle:
        emit(Note(f"keep {idle.pattern} spared nothing", warning=True))
    guest.sync()
    return GeneralizedGuest(result)
