"""Prove a sealed image on clones that get no user-data: boot, power off, read what is left, judge."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import goldsmith.rules.clone
import goldsmith.rules.clones  # noqa: F401  importing registers the rules
from goldsmith import __version__
from goldsmith.cloudinit.datasource import Seed
from goldsmith.cloudinit.files import read_configuration
from goldsmith.cloudinit.first_boot_files import FirstBootImage, read_image
from goldsmith.cloudinit.first_boot_record import FirstBoot
from goldsmith.cloudinit.seed import write_seed
from goldsmith.disk.disk import Disk
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.events import Emit, ignore
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.guest.info import INFO_ROOTS, read_info
from goldsmith.guest.open import open_guest
from goldsmith.machine.acceleration import Acceleration
from goldsmith.machine.boot import BootRecord, boot
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.drivers import container
from goldsmith.machine.milestones import CLOUD_INIT_STAGES
from goldsmith.rules.circumstances import Circumstances
from goldsmith.rules.evidence import CloneCase, CloneEvidence, Evidence, Previous
from goldsmith.rules.expectation import INVARIANTS_ONLY, Expectation, Prediction, predict
from goldsmith.rules.facts import Facts
from goldsmith.rules.rule import Needs, Outcome, judge, rules_of
from goldsmith.verification.clone import clone_evidence
from goldsmith.verification.gather import gather, kernel_cmdline
from goldsmith.verification.report.folder import keep
from goldsmith.verification.verification import Verification

# How much larger than the image the disks of clones are, in bytes: a first boot has to take the room.
GROWTH = 1 << 30
BOTH_MEANINGS = (Seed.NONE, Seed.EMPTY_NOCLOUD)


def seeds_for(clones: int) -> tuple[Seed, ...]:
    """The seeds of so many clones: the first gets none, the others an empty NoCloud seed."""
    return tuple(Seed.EMPTY_NOCLOUD if number else Seed.NONE for number in range(clones))


def verify(
    disk: Disk,
    *,
    engine: str,
    scratch: Path,
    acceleration: Acceleration,
    expectation: Expectation = INVARIANTS_ONLY,
    seeds: Sequence[Seed] = BOTH_MEANINGS,
    driver: str = "qemu",
    emit: Emit = ignore,
    record: Path | None = None,
    image: str = "",
    again: Sequence[str] = (),
    previous: Previous | None = None,
) -> Verification:
    """Boot a clone for each seed and judge them all. The disk is never written.

    `record` is a folder that gets the evidence, the consoles and a page; `image` is the image's name there, and `again`
    are the words after `goldsmith verify` that verify it again; `previous` is the version before. What goes wrong in a
    clone is an outcome; raises BuildError, InputError or HostError where the image cannot be opened at all, or machines
    cannot be started here.
    """
    with tempfile.TemporaryDirectory(dir=scratch, prefix="verify-") as made:
        bench = _Bench(Path(made), engine, acceleration, 0 if driver == container.NAME else GROWTH)
        before = _digest(disk.path)
        sealed = _look_at_sealed(disk, bench, expectation)
        specs = [_spec(disk, seed, f"clone-{number}", bench, sealed.prediction) for number, seed in enumerate(seeds, 1)]
        records = boot(specs, speed=acceleration.speed, driver=driver, emit=emit)
        clones = tuple(
            _clone(spec, seed, boot_record, bench, sealed)
            for spec, seed, boot_record in zip(specs, seeds, records, strict=True)
        )
        evidence = Evidence(
            sealed=sealed.facts,
            prediction=sealed.prediction,
            expectation=expectation,
            clones=clones,
            digest_before=before,
            digest_after=_digest(disk.path),
            circumstances=_circumstances(disk, acceleration, image or disk.path.name, again),
            previous=previous,
        )
        verification = Verification(evidence, judge_evidence(evidence), record)
        if record is not None:
            keep(record, verification, [each.console for each in records])
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
    """Where and how clones are worked on; their disks are `growth` bytes larger than the image, but for containers,
    which have none of their own.
    """

    folder: Path
    engine: str
    acceleration: Acceleration
    growth: int

    def open(self, overlay: Disk) -> AbstractContextManager[Guest]:
        return open_guest(
            overlay, engine=self.engine, scratch=self.folder, read_only=True, accelerated=self.acceleration.kvm
        )


@dataclass(frozen=True, slots=True)
class _Sealed:
    """What is known of the image before a clone of it boots."""

    facts: Facts
    tree: Index
    prediction: Prediction
    image: FirstBootImage
    cmdline: str
    may_differ: tuple[str, ...]

    def first_boot(self, seed: Seed) -> FirstBoot:
        """Clones have no network."""
        return self.image.predict(seed, cmdline=self.cmdline, network=False)


def _look_at_sealed(disk: Disk, bench: _Bench, expectation: Expectation) -> _Sealed:
    # Through an overlay: what an engine may do to a file system that it opens never reaches the sealed file.
    with bench.open(create_overlay(bench.folder / "sealed.qcow2", disk)) as guest:
        info = read_info(guest.index(INFO_ROOTS), guest.read)
        cmdline = kernel_cmdline(guest)
        prediction = predict(
            read_configuration(guest),
            version=info.cloud_init_version,
            arch=info.arch,
            cmdline=cmdline,
            asked=[setting.key for setting in expectation.effective],
        )
        return _Sealed(gather(guest), guest.index(), prediction, read_image(guest), cmdline, expectation.may_differ)


def _spec(disk: Disk, seed: Seed, name: str, bench: _Bench, prediction: Prediction) -> MachineSpec:
    own = bench.folder / name
    own.mkdir()
    uuid = uuid4()
    seed_file = None
    if seed is Seed.EMPTY_NOCLOUD:
        seed_file = own / "seed.iso"
        write_seed(seed_file, instance_id=_instance_id(str(uuid)))
    return MachineSpec(
        name=name,
        disk=create_overlay(own / "disk.qcow2", disk, disk.virtual_size + bench.growth),
        folder=own,
        seed=seed_file,
        uuid=uuid,
        accelerated=bench.acceleration.kvm,
        stages=CLOUD_INIT_STAGES if prediction.of(seed).enabled else (),
        says_finished="final_message" in prediction.modules,
    )


def _instance_id(uuid: str) -> str:
    return f"goldsmith-{uuid}"


def _clone(spec: MachineSpec, seed: Seed, record: BootRecord, bench: _Bench, sealed: _Sealed) -> CloneEvidence:
    instance_id = _instance_id(str(spec.uuid)) if seed is Seed.EMPTY_NOCLOUD else None
    return clone_evidence(
        spec,
        seed,
        record,
        instance_id=instance_id,
        opened=lambda: bench.open(spec.disk),
        sealed=sealed.tree,
        may_differ=sealed.may_differ,
        predicted=sealed.first_boot(seed),
    )


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
