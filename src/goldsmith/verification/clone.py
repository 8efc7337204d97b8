"""A clone before its boot, and what it left, as evidence."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from goldsmith.cloudinit.datasource import Seed
from goldsmith.cloudinit.first_boot_record import FirstBoot
from goldsmith.cloudinit.seed import write_seed
from goldsmith.disk.disk import Disk
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.errors import BuildError, InputError
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.machine.boot import BootRecord
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.milestones import CLOUD_INIT_STAGES, Milestone
from goldsmith.rules.check_result import CheckResult
from goldsmith.rules.evidence import CloneEvidence, Passage
from goldsmith.rules.probe import USER, Probe, public_key, user_data
from goldsmith.verification.authorized import fingerprint
from goldsmith.verification.check import look_at_disk
from goldsmith.verification.gather import gather
from goldsmith.verification.gathering.disk_state import disk_state
from goldsmith.verification.gathering.failed_units import failed_units, named
from goldsmith.verification.live import UNCHECKED, LiveChecks
from goldsmith.verification.matrix import ClonePlan

# How much larger than the image the disks of machines are, in bytes: a first boot has to take the room. Containers have
# no disk of their own.
GROWTH = 1 << 30
TAIL_KEPT = 20
AGAIN = "-again"
Opened = Callable[[], AbstractContextManager[Guest]]


@dataclass(frozen=True, slots=True)
class Clone:
    """An overlay and its machine, ready to be booted. `instance_id` and `user_data` are those of its seed, `probe` the
    user in it.
    """

    plan: ClonePlan
    spec: MachineSpec
    instance_id: str | None = None
    probe: Probe | None = None
    user_data: bytes = b""

    @property
    def second(self) -> MachineSpec:
        """The same machine on the same disk for its second boot, with a console of its own."""
        return replace(self.spec, name=f"{self.spec.name}{AGAIN}")


def prepare(
    disk: Disk,
    plan: ClonePlan,
    folder: Path,
    *,
    runs_cloud_init: bool,
    says_finished: bool,
    accelerated: bool = False,
    own_user_data: bytes | None = None,
    os_id: str | None = None,
    opened_by: str | None = None,
) -> Clone:
    """Lay the clone's overlay and write its seed into a new folder of its own.

    What a seed with user-data holds is a user with a key that nobody has, or with the public key `opened_by`, whose
    owner then has to reach the machine's sshd; or it is `own_user_data`. `runs_cloud_init` and `says_finished` are what
    is predicted of its boot, `os_id` what its system is called (`MachineSpec`).
    """
    own = folder / plan.name
    own.mkdir()
    uuid = uuid4()
    instance_id, seed, probe = None, None, None
    content = own_user_data or b""
    if plan.seed is not Seed.NONE:
        instance_id, seed = f"goldsmith-{uuid}", own / "seed.iso"
        if plan.seed is Seed.USER_DATA and own_user_data is None:
            key = opened_by or public_key(os.urandom(32))
            probe, content = Probe(USER, str(fingerprint(key))), user_data(key)
        write_seed(seed, instance_id=instance_id, user_data=content)
    spec = MachineSpec(
        name=plan.name,
        disk=create_overlay(own / "disk.qcow2", disk, disk.virtual_size + (0 if plan.rehearsed else GROWTH)),
        folder=own,
        seed=seed,
        options=plan.options,
        uuid=uuid,
        accelerated=accelerated and not plan.rehearsed,
        stages=CLOUD_INIT_STAGES if runs_cloud_init else (),
        says_finished=says_finished,
        os_id=os_id,
        sshd=probe is not None and opened_by is not None,
    )
    return Clone(plan, spec, instance_id, probe, content)


def clone_evidence(
    clone: Clone,
    record: BootRecord,
    opened: Opened,
    *,
    sealed: Index | None = None,
    may_differ: tuple[str, ...] = (),
    predicted: FirstBoot | None = None,
    live: LiveChecks = UNCHECKED,
) -> CloneEvidence:
    """`opened` opens the clone's disk to be read; `sealed` is the whole tree of its image, see `gather`; `predicted` is
    its first boot; `live` are the recipe's own checks, of which those that need the running clone were made while it
    ran. A disk that cannot be read is no error, but `unreadable`.
    """
    facts, unreadable, failed = None, None, failed_units(record.console)
    looked: tuple[CheckResult, ...] = ()
    try:
        with opened() as guest:
            facts = gather(guest, sealed=sealed, may_differ=may_differ)
            failed = named(guest, failed)
            looked = tuple(result for check in live.checks.files for result in look_at_disk(check, guest))
    except (BuildError, InputError) as error:
        unreadable = error.message
    disk = clone.spec.disk
    return CloneEvidence(
        name=clone.plan.name,
        driver=record.driver,
        hardware=record.hardware,
        seed=clone.plan.seed,
        instance_id=clone.instance_id,
        booted_uuid=str(clone.spec.uuid),
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
        firmware=clone.plan.options.firmware,
        probe=clone.probe,
        causes=record.causes,
        predicted=predicted,
        disk=disk_state(disk, (disk.backing or disk).virtual_size, clone.spec.folder),
        failed=failed,
        screenshot=record.screenshot.name if record.screenshot is not None else None,
        checks=(*looked, *live.of(record.name)),
        machine=clone.plan.options if record.hardware else None,
    )
