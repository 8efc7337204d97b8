"""Admit the proven image: manifest and evidence first, the image's name last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from goldsmith import __version__
from goldsmith.base.base import Base
from goldsmith.disk.disk import DiskFormat
from goldsmith.events import Emit
from goldsmith.findings import GuestPlace
from goldsmith.generalization.report import tally
from goldsmith.pipeline.step import step
from goldsmith.pipeline.steps.audit import Audited
from goldsmith.pipeline.steps.customize import Customized
from goldsmith.pipeline.steps.generalize import GeneralizedGuest
from goldsmith.pipeline.steps.seal import SealedDisk
from goldsmith.pipeline.steps.verify import expected_of
from goldsmith.pool.manifest import (
    AuditRecord,
    BaseRecord,
    ExpectationRecord,
    KeptRecord,
    MachineRecord,
    Manifest,
    OperationRecord,
    PackageRecord,
    TrustRecord,
    VerificationRecord,
    WaivedRecord,
)
from goldsmith.pool.naming import EVIDENCE_SUFFIX, ImageName
from goldsmith.pool.pool import Image, Pool
from goldsmith.recipe.model import Recipe
from goldsmith.rules.expectation import Expectation
from goldsmith.rules.rule import Outcome, Verdict
from goldsmith.verification.verification import Verification


@dataclass(frozen=True, slots=True)
class Admitted:
    image: Image
    new: bool

    @property
    def evidence(self) -> Path:
        """Where consoles, logs and evidence lie beside the image."""
        return self.image.path.with_name(f"{self.image.name.stem}{EVIDENCE_SUFFIX}")

    @property
    def summary(self) -> str:
        return self.image.path.name if self.new else f"{self.image.path.name}, made by another run meanwhile"


@dataclass(frozen=True, slots=True)
class Made:
    """Everything that the manifest tells about how an image was made."""

    recipe: Recipe
    build_key: str
    base: Base
    customized: Customized
    generalized: GeneralizedGuest
    sealed: SealedDisk
    audited: Audited
    verification: Verification


@step("admit")
def admit(_emit: Emit, pool: Pool, made: Made, evidence: Path) -> Admitted:
    admission = pool.admit(made.sealed.sealed.disk.path, manifest_of(made), {EVIDENCE_SUFFIX: evidence})
    return Admitted(admission.image, admission.new)


def manifest_of(made: Made) -> Manifest:
    """The manifest of a finished image."""
    recipe, base, sealed = made.recipe, made.base, made.sealed.sealed
    applied = made.generalized.result.applied
    disk_format: DiskFormat = sealed.disk.format
    return Manifest(
        name=recipe.name,
        version=recipe.version,
        arch=recipe.arch,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        goldsmith=__version__,
        recipe=recipe.digest,
        build_key=made.build_key,
        base=BaseRecord(
            origin=base.origin,
            sha256=base.sha256,
            trust=TrustRecord(level=base.trust.level.value, evidence=base.trust.evidence),
        ),
        file=ImageName(recipe.name, recipe.version).file(disk_format),
        format=disk_format,
        packing=made.sealed.packing,
        size=sealed.size,
        virtual_size=sealed.disk.virtual_size,
        sha256=sealed.sha256,
        packages=tuple(
            PackageRecord(name=package.name, version=package.version, arch=package.arch)
            for package in made.customized.packages
        ),
        operations=tuple(
            OperationRecord(name=each.operation, changes=each.changes, bytes=each.bytes) for each in tally(applied)
        ),
        declared=tuple(sorted(made.customized.declared)),
        kept=tuple(KeptRecord(path=kept.path, operation=kept.operation, reason=kept.reason) for kept in applied.kept),
        findings=tuple(finding.as_json() for finding in (*sealed.findings, *made.audited.findings)),
        audit=_audit(made.audited),
        expectation=_expectation(expected_of(recipe)),
        machine=_machine(recipe),
        verification=_record(made.verification),
    )


def _machine(recipe: Recipe) -> MachineRecord | None:
    stated = recipe.verify.machine.stated()
    return MachineRecord(firmware=recipe.verify.firmware, **stated) if stated or recipe.verify.firmware else None


def _audit(audited: Audited) -> AuditRecord:
    return AuditRecord(
        outcomes=_counts(audited.outcomes),
        waived=tuple(
            WaivedRecord(
                rule=finding.code,
                path=finding.place.path if isinstance(finding.place, GuestPlace) else None,
                message=finding.message,
                reason=finding.waived or "",
            )
            for finding in audited.waived
        ),
        searched_for=audited.canaries,
    )


def _expectation(expected: Expectation) -> ExpectationRecord:
    return ExpectationRecord(
        users_present=expected.users_present,
        users_absent=expected.users_absent,
        packages=expected.packages,
        datasource=expected.datasource.value if expected.datasource is not None else None,
        enabled=expected.enabled,
        may_fail=expected.may_fail,
        effective={setting.key: setting.value for setting in expected.effective},
        slower=expected.slower,
        may_differ=expected.may_differ,
        checks=expected.checks,
    )


def _record(verification: Verification) -> VerificationRecord:
    return VerificationRecord(
        verdict=verification.verdict.value,
        outcomes=_counts(verification.outcomes),
        clones=verification.meanings(),
    )


def _counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many outcomes of each verdict there are."""
    counts = Counter(each.verdict.value for each in outcomes)
    return {verdict.value: counts[verdict.value] for verdict in Verdict if counts[verdict.value]}
