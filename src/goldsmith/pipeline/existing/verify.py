"""Verify a disk that is there already, or an image of the pool."""

from __future__ import annotations

from pathlib import Path

from goldsmith.base.trust import Trust
from goldsmith.disk.disk import Disk
from goldsmith.disk.lease import lease
from goldsmith.events import Emit
from goldsmith.guest.open import choose_engine
from goldsmith.machine.acceleration import acceleration
from goldsmith.rules.expectation import Expectation
from goldsmith.settings import scratch_dir
from goldsmith.verification.verification import Verification
from goldsmith.verification.verify import BOTH_MEANINGS, verify


def verify_existing(
    disk: Disk, expectation: Expectation, *, engine: str | None, trust: Trust | None, record: Path | None, emit: Emit
) -> Verification:
    """Boot one clone without a seed and one with an empty NoCloud seed, and judge them. The disk is not changed."""
    chosen, _why = choose_engine(engine, trust)
    machines = acceleration(emit)
    with lease(scratch_dir()) as scratch:
        return verify(
            disk,
            engine=chosen,
            scratch=scratch,
            acceleration=machines,
            expectation=expectation,
            seeds=BOTH_MEANINGS,
            emit=emit,
            record=record,
        )
