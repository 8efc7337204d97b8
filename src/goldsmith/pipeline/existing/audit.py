"""Audit a disk or a directory that is there already. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from goldsmith.disk.disk import Disk
from goldsmith.disk.lease import lease
from goldsmith.events import Emit
from goldsmith.guest.open import choose_engine
from goldsmith.pipeline.existing.tree_scan import scan_tree
from goldsmith.pipeline.steps.audit import Audited, Intent, judge_bytes, judge_guest, judged
from goldsmith.pipeline.steps.guest import opened
from goldsmith.rules.rule import Needs, judge, rules_of
from goldsmith.secrets import Secret
from goldsmith.settings import scratch_dir


def audit_existing(
    where: Disk | Path, intent: Intent, *, canaries: Sequence[Secret] = (), engine: str | None, emit: Emit
) -> Audited:
    """Every rule of the tree, and those over all bytes where `canaries` are given; the disk is opened read-only below
    a throw-away overlay.
    """
    chosen, why = choose_engine(engine, None, tree=isinstance(where, Path))
    with lease(scratch_dir()) as scratch:
        with opened(emit, where, chosen, why, scratch=scratch, read_only=True) as guest:
            outcomes = judge_guest(guest, intent)
        if isinstance(where, Disk):
            outcomes += judge_bytes(emit, where, canaries, scratch)
        elif canaries:
            outcomes += judge(rules_of(Needs.BYTES), scan_tree(where, tuple(canaries)))
        return judged(outcomes, intent, canaries)
