"""What one booted clone left, as evidence."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from goldsmith.cloudinit.datasource import Seed
from goldsmith.cloudinit.first_boot_record import FirstBoot
from goldsmith.errors import BuildError, InputError
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.machine.boot import BootRecord
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.milestones import Milestone
from goldsmith.rules.evidence import CloneEvidence, Passage
from goldsmith.verification.gather import gather
from goldsmith.verification.gathering.disk_state import disk_state
from goldsmith.verification.gathering.failed_units import failed_units, named

TAIL_KEPT = 20


def clone_evidence(
    spec: MachineSpec,
    seed: Seed,
    record: BootRecord,
    *,
    instance_id: str | None,
    opened: Callable[[], AbstractContextManager[Guest]],
    sealed: Index | None = None,
    may_differ: tuple[str, ...] = (),
    predicted: FirstBoot | None = None,
) -> CloneEvidence:
    """`opened` opens the clone's disk to be read; `sealed` is the whole tree of its image, see `gather`; `predicted` is
    its first boot. A disk that cannot be read is no error, but `unreadable`.
    """
    facts, unreadable, failed = None, None, failed_units(record.console)
    try:
        with opened() as guest:
            facts = gather(guest, sealed=sealed, may_differ=may_differ)
            failed = named(guest, failed)
    except (BuildError, InputError) as error:
        unreadable = error.message
    return CloneEvidence(
        name=spec.name,
        driver=record.driver,
        hardware=record.hardware,
        seed=seed,
        instance_id=instance_id,
        booted_uuid=str(spec.uuid),
        milestones=tuple(
            Passage(each.milestone.value, round(each.seconds, 2), each.boot, each.up) for each in record.milestones
        ),
        ready=record.reached(Milestone.READY),
        off=record.off,
        boots=record.boots,
        seconds=round(record.seconds, 2),
        problem=record.problem,
        console=record.console.name,
        tail=record.tail[-TAIL_KEPT:],
        facts=facts,
        unreadable=unreadable,
        causes=record.causes,
        predicted=predicted,
        disk=disk_state(spec.disk, (spec.disk.backing or spec.disk).virtual_size, spec.folder),
        failed=failed,
    )
