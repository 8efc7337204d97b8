"""Generalize a disk or a directory that is there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from goldsmith.disk.disk import Disk
from goldsmith.disk.lease import lease
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.disk.seal import Packing
from goldsmith.errors import InputError
from goldsmith.events import Emit, Note
from goldsmith.generalization.generalize import Keep, preview
from goldsmith.generalization.operation import Operation, Remark
from goldsmith.generalization.remarks import remarks_as_json
from goldsmith.generalization.report import kept_as_json, plan_as_json, plan_as_text, tally
from goldsmith.guest.change import Plan
from goldsmith.guest.open import choose_engine
from goldsmith.pipeline.steps.generalize import NO_SCRIPTS, Scripts, generalize_guest, say
from goldsmith.pipeline.steps.guest import opened
from goldsmith.pipeline.steps.labels import Spared, foresee_labels, label_guest
from goldsmith.pipeline.steps.seal import seal_disk
from goldsmith.settings import scratch_dir


@dataclass(frozen=True, slots=True)
class GeneralizeReport:
    """`plan` was applied, or, in a dry run, only planned; `output` is the sealed disk, if one was asked for."""

    plan: Plan
    dry_run: bool
    output: Path | None
    remarks: tuple[Remark, ...] = ()

    def as_json(self) -> dict[str, object]:
        changes = plan_as_json(self.plan)
        done = {"plan": changes} if self.dry_run else {"applied": changes, "second_plan": []}
        return {
            **done,
            "kept": kept_as_json(self.plan.kept),
            "operations": [each.as_json() for each in tally(self.plan)],
            "notes": remarks_as_json(self.remarks),
            "output": str(self.output) if self.output is not None else None,
        }

    def as_text(self) -> list[str]:
        lines = plan_as_text(self.plan, whole=self.dry_run)
        done = "would be made, nothing was changed" if self.dry_run else "made, the second plan is empty"
        lines[-1] = lines[-1].replace("changes", f"changes {done}", 1)
        if self.output is not None:
            lines.append(f"sealed: {self.output}")
        return lines


def generalize_existing(
    where: Disk | Path,
    operations: Sequence[Operation],
    keep: Sequence[Keep],
    *,
    engine: str | None,
    output: Path | None,
    in_place: bool,
    dry_run: bool,
    emit: Emit,
    scripts: Scripts = NO_SCRIPTS,
) -> GeneralizeReport:
    """Plan only, change `where` itself, or work on an overlay and seal that to `output`: exactly one of the three.

    `scripts` run in the guest first, and in no dry run. Raises InputError where it is not said which, or `output` is
    there already.
    """
    if sum((dry_run, in_place, output is not None)) != 1:
        raise InputError(
            "say what shall be changed",
            hint="--dry-run shows the plan, --output OUT makes a new disk, --in-place changes what is given",
        )
    tree = isinstance(where, Path)
    if output is not None and tree:
        raise InputError("a directory is not sealed to a disk", hint="use --in-place, or a copy of it with --in-place")
    if output is not None and output.exists():
        raise InputError(f"{output} is there already", hint="choose another name: nothing is overwritten")
    chosen, why = choose_engine(engine, None, tree=tree)
    # What becomes OUT is made in its own file system; else nothing is written beside what is given.
    with lease(output.parent if output is not None else scratch_dir()) as scratch:
        work = where
        if output is not None:
            assert isinstance(where, Disk)
            work = create_overlay(scratch / "overlay.qcow2", where)
        with opened(emit, work, chosen, why, scratch=scratch, read_only=dry_run) as guest:
            if dry_run:
                planned = preview(guest, operations, keep=keep)
                if scripts:
                    emit(Note("a dry run runs no scripts: what they would leave is not in the plan", warning=True))
                say(emit, planned.idle, planned.remarks)
                foreseen = _both(planned.plan, foresee_labels(guest, planned.plan, Spared(keep)))
                return GeneralizeReport(foreseen, dry_run=True, output=None, remarks=planned.remarks)
            result = generalize_guest(emit, guest, operations, keep, (), scripts=scripts).result
            applied = _both(result.applied, label_guest(emit, guest, spared=Spared(keep)))
        if output is not None:
            assert isinstance(work, Disk)
            _seal(emit, work, output, scratch)
    return GeneralizeReport(applied, dry_run=False, output=output, remarks=result.remarks)


def _both(generalized: Plan, labeled: Plan) -> Plan:
    return Plan((*generalized.changes, *labeled.changes), generalized.kept)


def _seal(emit: Emit, work: Disk, output: Path, scratch: Path) -> None:
    packing = Packing.RAW if output.suffix == ".raw" else Packing.QCOW2_ZSTD
    sealed = scratch / "sealed"
    seal_disk(emit, work, sealed, packing, scratch)
    try:
        # A link cannot replace: another program may have taken the name meanwhile.
        output.hardlink_to(sealed)
    except FileExistsError:
        raise InputError(f"{output} is there already", hint="choose another name: nothing is overwritten") from None
