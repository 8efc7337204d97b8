"""Generalize a disk or a directory that is there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

from goldsmith.disk.disk import Disk
from goldsmith.disk.lease import lease
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.disk.seal import Packing
from goldsmith.errors import InputError
from goldsmith.events import Emit, Note
from goldsmith.generalization.generalize import Keep, preview
from goldsmith.generalization.operation import Operation, Remark
from goldsmith.generalization.operations import fs_uuids
from goldsmith.generalization.remarks import remarks_as_json
from goldsmith.generalization.report import kept_as_json, plan_as_json, plan_as_text, tally
from goldsmith.generalization.virt_sysprep import BY_DEFAULT, Tool, Wish
from goldsmith.guest.change import Plan
from goldsmith.guest.open import choose_engine
from goldsmith.machine.acceleration import acceleration
from goldsmith.pipeline.steps.generalize import NO_SCRIPTS, Scripts, generalize_guest, perform, say
from goldsmith.pipeline.steps.guest import opened
from goldsmith.pipeline.steps.labels import Spared, foresee_labels, label_guest
from goldsmith.pipeline.steps.seal import seal_disk
from goldsmith.pipeline.steps.virt_sysprep import look_again, remember, require_virt_sysprep, run_virt_sysprep
from goldsmith.settings import scratch_dir

NOTHING = Plan()


@dataclass(frozen=True, slots=True)
class GeneralizeReport:
    """`plan` was applied, or, in a dry run, only planned; `output` is the sealed disk, if one was asked for.

    `left` is what virt-sysprep left that goldsmith's operations would change.
    """

    plan: Plan
    dry_run: bool
    output: Path | None
    remarks: tuple[Remark, ...] = ()
    left: Plan = NOTHING

    def as_json(self) -> dict[str, object]:
        changes = plan_as_json(self.plan)
        done: dict[str, object] = {"plan": changes} if self.dry_run else {"applied": changes}
        if not self.dry_run or self.left.changes:
            done["second_plan"] = plan_as_json(self.left)
        return {
            **done,
            "kept": kept_as_json(self.plan.kept),
            "operations": [each.as_json() for each in tally(self.plan)],
            "notes": remarks_as_json(self.remarks),
            "output": str(self.output) if self.output is not None else None,
        }

    def as_text(self) -> list[str]:
        lines = plan_as_text(self.plan, whole=self.dry_run)
        second = f"{len(self.left)} more would be made" if self.left.changes else "the second plan is empty"
        done = "would be made, nothing was changed" if self.dry_run else f"made, {second}"
        lines[-1] = lines[-1].replace("changes", f"changes {done}", 1)
        if self.left.changes:
            lines += ["left:", *plan_as_text(self.left, whole=True)]
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
    tools: Sequence[Tool] = (Tool.GOLDSMITH,),
    wish: Wish = BY_DEFAULT,
) -> GeneralizeReport:
    """Plan only, change `where` itself, or work on an overlay and seal that to `output`: exactly one of the three.

    `scripts` run in the guest first, and in no dry run. Raises InputError where it is not said which, `output` is
    there already, or an operation needs one. With virt-sysprep among the `tools`, it is told the `wish`; its dry run
    works on an overlay and is real.
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
    renews = fs_uuids.wanted(operations)
    if renews and in_place and not tree:
        raise InputError(
            f"the operation {fs_uuids.NAME} changes file systems while a disk is sealed",
            hint="use --output OUT, or leave the operation out",
        )
    by_virt_sysprep = Tool.VIRT_SYSPREP in tools
    if by_virt_sysprep:
        if tree:
            raise InputError("virt-sysprep works on disks, not on directories", hint="leave --with out")
        if in_place and keep:
            raise InputError(
                "virt-sysprep spares nothing: what --keep names could be gone before anybody can tell",
                hint="use --output, or leave out the operations that would take it (--operations defaults,-NAME)",
            )
        require_virt_sysprep()
    chosen, why = choose_engine(engine, None, tree=tree)
    # What becomes OUT is made in its own file system; else nothing is written beside what is given.
    with lease(output.parent if output is not None else scratch_dir()) as scratch:
        work = where
        if output is not None or (by_virt_sysprep and dry_run):
            assert isinstance(where, Disk)
            work = create_overlay(scratch / "overlay.qcow2", where)
        if by_virt_sysprep:
            assert isinstance(work, Disk)
            follow = Tool.GOLDSMITH in tools
            report = _by_virt_sysprep(
                emit,
                work,
                operations,
                keep,
                wish,
                engine=chosen,
                why=why,
                scratch=scratch,
                scripts=scripts,
                follow=follow,
            )
            if output is not None:
                _seal(emit, work, output, scratch, renews=renews)
            return replace(report, dry_run=dry_run, output=output)
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
            _seal(emit, work, output, scratch, renews=renews)
    return GeneralizeReport(applied, dry_run=False, output=output, remarks=result.remarks)


def _by_virt_sysprep(
    emit: Emit,
    disk: Disk,
    operations: Sequence[Operation],
    keep: Sequence[Keep],
    wish: Wish,
    *,
    engine: str,
    why: str,
    scratch: Path,
    scripts: Scripts,
    follow: bool,
) -> GeneralizeReport:
    """The disk itself is changed."""
    with opened(emit, disk, engine, why, scratch=scratch, read_only=not scripts) as guest:
        perform(emit, guest, scripts)
        before = remember(guest, operations, keep)
    run_virt_sysprep(emit, disk, wish, scratch=scratch, accelerated=acceleration(emit).kvm)
    with opened(emit, disk, engine, why, scratch=scratch) as guest:
        result = look_again(emit, guest, operations, keep, (), before=before, follow=follow).result
        applied = _both(result.applied, label_guest(emit, guest, spared=Spared(keep)))
    return GeneralizeReport(applied, dry_run=False, output=None, remarks=result.remarks, left=result.second)


def _both(generalized: Plan, labeled: Plan) -> Plan:
    return Plan((*generalized.changes, *labeled.changes), generalized.kept)


def _seal(emit: Emit, work: Disk, output: Path, scratch: Path, *, renews: bool) -> None:
    packing = Packing.RAW if output.suffix == ".raw" else Packing.QCOW2_ZSTD
    sealed = scratch / "sealed"
    seal_disk(emit, work, sealed, packing, scratch, new_uuids=token_hex() if renews else None)
    try:
        # A link cannot replace: another program may have taken the name meanwhile.
        output.hardlink_to(sealed)
    except FileExistsError:
        raise InputError(f"{output} is there already", hint="choose another name: nothing is overwritten") from None
