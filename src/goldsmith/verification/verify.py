"""Prove a sealed image on its clones: boot, power off, read what is left, start one again, judge."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import goldsmith.rules.clone
import goldsmith.rules.clones  # noqa: F401  importing registers the rules
from goldsmith import __version__
from goldsmith.disk.disk import Disk
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.events import Emit, ignore
from goldsmith.guest.guest import Guest
from goldsmith.guest.open import open_guest
from goldsmith.machine.acceleration import Acceleration
from goldsmith.machine.boot import BootRecord, boot
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.drivers import container
from goldsmith.machine.drivers.qemu_models import require_machine
from goldsmith.machine.options import Network
from goldsmith.machine.ssh import make_key
from goldsmith.rules.circumstances import Circumstances
from goldsmith.rules.evidence import CloneCase, CloneEvidence, Evidence, Previous
from goldsmith.rules.expectation import INVARIANTS_ONLY, Expectation
from goldsmith.rules.probe import USER
from goldsmith.rules.rule import Needs, Outcome, judge, rules_of
from goldsmith.verification.clone import Clone, clone_evidence, prepare
from goldsmith.verification.live import UNCHECKED, LiveChecks
from goldsmith.verification.matrix import ClonePlan, plan_clones
from goldsmith.verification.report.folder import LEFT, keep
from goldsmith.verification.requirements import require_for
from goldsmith.verification.sealed import Sealed, look_at_sealed
from goldsmith.verification.verification import Verification


def verify(
    disk: Disk,
    *,
    engine: str,
    scratch: Path,
    acceleration: Acceleration,
    expectation: Expectation = INVARIANTS_ONLY,
    clones: Sequence[ClonePlan] | None = None,
    emit: Emit = ignore,
    record: Path | None = None,
    image: str = "",
    again: Sequence[str] = (),
    previous: Previous | None = None,
    recipe_folder: Path | None = None,
) -> Verification:
    """Boot the planned clones, by default those of `plan_clones()`, and judge them all. The disk is never written.

    `record` is a folder that gets the evidence, the consoles and a page; `image` is the image's name there, and `again`
    are the words after `goldsmith verify` that verify it again; `previous` is the version before. `recipe_folder` is
    the folder of the recipe that expects this, None where a manifest does: only what a recipe names runs on this host.
    What goes wrong in a clone is an outcome; raises BuildError, InputError or HostError where the image cannot be
    opened at all, or machines cannot be started here.
    """
    checks = expectation.checks
    require_for(checks, by_recipe=recipe_folder is not None)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="verify-") as made:
        # A clone's folder is named after it: none has this name.
        key = make_key(Path(made) / "login", USER) if checks.logging_in else None
        bench = _Bench(Path(made), engine, acceleration, LiveChecks(checks, key, recipe_folder))
        before = _digest(disk.path)
        # Through an overlay: what an engine may do to a file system that it opens never reaches the sealed file.
        with bench.open(create_overlay(bench.folder / "sealed.qcow2", disk)) as guest:
            sealed = look_at_sealed(guest, expectation)
        plans = [plan.for_guest(sealed.arch) for plan in (plan_clones() if clones is None else clones)]
        bench = replace(bench, acceleration=acceleration.of(sealed.arch))
        # Rehearsals boot first: what is wrong with the machines is said before them.
        for plan in plans:
            if not plan.rehearsed:
                require_machine(plan.options, accelerated=bench.acceleration.kvm)
        booted = _boot(disk, plans, bench, sealed, emit)
        evidence = Evidence(
            sealed=sealed.facts,
            prediction=sealed.prediction,
            expectation=expectation,
            clones=tuple(booted),
            digest_before=before,
            digest_after=_digest(disk.path),
            circumstances=_circumstances(disk, bench.acceleration, image or disk.path.name, again),
            previous=previous,
        )
        verification = Verification(evidence, judge_evidence(evidence), record)
        if record is not None:
            keep(record, verification, bench.left())
    return verification


def judge_evidence(evidence: Evidence) -> tuple[Outcome, ...]:
    """Every rule on recorded evidence: each clone's, then those about all clones."""
    outcomes: list[Outcome] = []
    for clone in evidence.clones:
        outcomes.extend(judge(rules_of(Needs.CLONE), CloneCase(clone, evidence)))
    outcomes.extend(judge(rules_of(Needs.CLONES), evidence))
    return tuple(outcomes)


@dataclass(frozen=True, slots=True)
class _Bench:
    """Where and how clones are worked on, and what the recipe checks in them at their first boot."""

    folder: Path
    engine: str
    acceleration: Acceleration
    live: LiveChecks

    def open(self, overlay: Disk) -> AbstractContextManager[Guest]:
        return open_guest(
            overlay, engine=self.engine, scratch=self.folder, read_only=True, accelerated=self.acceleration.kvm
        )

    def speed(self, driver: str) -> float:
        """Relative to a current processor with KVM: rehearsals run on this host's own processors."""
        return 1.0 if driver == container.NAME else self.acceleration.speed

    def left(self) -> list[Path]:
        """Consoles and screenshots of every boot that there was."""
        return sorted(path for pattern in LEFT for path in self.folder.glob(f"*/{pattern}"))


def _boot(disk: Disk, plans: Sequence[ClonePlan], bench: _Bench, sealed: Sealed, emit: Emit) -> Iterator[CloneEvidence]:
    """Evidence of each clone, in the order of the plans. All boot once; then those that are to boot a second time do.

    A second boot begins when the tree that the first one left was read: on two emulated processors it would gain
    nothing to let it overlap with others. One is not tried where the first did not end cleanly.
    """
    clones = [
        prepare(
            disk,
            plan,
            bench.folder,
            runs_cloud_init=sealed.prediction.of(plan.seed).enabled,
            says_finished="final_message" in sealed.prediction.modules,
            accelerated=bench.acceleration.kvm,
            os_id=sealed.os_id,
            opened_by=bench.live.key.public if bench.live.key is not None else None,
        )
        for plan in plans
    ]
    records = _records(clones, [clone.spec for clone in clones], bench, emit, live=bench.live)
    first = {clone.plan.name: _first(clone, records[clone.plan.name], bench, sealed) for clone in clones}
    twice = [clone for clone in clones if clone.plan.second_boot and first[clone.plan.name].ended]
    records = _records(twice, [clone.second for clone in twice], bench, emit)
    second = {
        clone.plan.name: clone_evidence(clone, records[clone.plan.name], partial(bench.open, clone.spec.disk))
        for clone in twice
    }
    for name, evidence in first.items():
        yield replace(evidence, again=second.get(name))


def _first(clone: Clone, record: BootRecord, bench: _Bench, sealed: Sealed) -> CloneEvidence:
    network = clone.plan.options.network is Network.USER
    return clone_evidence(
        clone,
        record,
        partial(bench.open, clone.spec.disk),
        sealed=sealed.tree,
        may_differ=sealed.may_differ,
        predicted=sealed.first_boot(clone.plan.seed, clone.user_data, network=network),
        live=bench.live,
    )


def _records(
    clones: Sequence[Clone], specs: Sequence[MachineSpec], bench: _Bench, emit: Emit, *, live: LiveChecks = UNCHECKED
) -> dict[str, BootRecord]:
    """Boots the clones by their drivers, rehearsals first: what fails in seconds is seen first."""
    found: dict[str, BootRecord] = {}
    together = list(zip(clones, specs, strict=True))
    for driver in sorted({clone.plan.driver for clone in clones}, key=lambda name: name != container.NAME):
        own = [(clone, spec) for clone, spec in together if clone.plan.driver == driver]
        speed = bench.speed(driver)
        visit = live.visit(speed)
        records = boot([spec for _, spec in own], speed=speed, driver=driver, emit=emit, visit=visit)
        found |= {clone.plan.name: record for (clone, _), record in zip(own, records, strict=True)}
    return found


def _circumstances(disk: Disk, acceleration: Acceleration, image: str, again: Sequence[str]) -> Circumstances:
    return Circumstances(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        goldsmith=__version__,
        kvm=acceleration.kvm,
        why=acceleration.why,
        speed=acceleration.speed,
        size=disk.path.stat().st_size,
        image=image,
        again=tuple(again),
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
