"""Audit a disk or a directory that is there already. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from goldsmith.disk.disk import Disk
from goldsmith.disk.lease import lease
from goldsmith.events import Emit
from goldsmith.generalization.operation import Operation
from goldsmith.generalization.sparing import Keep
from goldsmith.guest.open import choose_engine
from goldsmith.pipeline.steps.audit import Audited, Intent, audit_guest
from goldsmith.pipeline.steps.guest import opened
from goldsmith.settings import scratch_dir


def audit_existing(
    where: Disk | Path, operations: Sequence[Operation], keep: Sequence[Keep], *, engine: str | None, emit: Emit
) -> Audited:
    """Every rule of the tree; the disk is opened read-only below a throw-away overlay."""
    chosen, why = choose_engine(engine, None, tree=isinstance(where, Path))
    with (
        lease(scratch_dir()) as scratch,
        opened(emit, where, chosen, why, scratch=scratch, read_only=True) as guest,
    ):
        return audit_guest(guest, Intent(tuple(operations), tuple(keep)))
