"""Verify a disk that is there already, or an image of the pool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from goldsmith.base.trust import Trust
from goldsmith.disk.disk import Disk
from goldsmith.disk.lease import lease
from goldsmith.errors import InputError
from goldsmith.events import Emit
from goldsmith.guest.engines import mount
from goldsmith.guest.open import choose_engine
from goldsmith.machine.acceleration import Acceleration, acceleration
from goldsmith.machine.drivers import container
from goldsmith.rules.evidence import Previous
from goldsmith.rules.expectation import Expectation
from goldsmith.settings import scratch_dir
from goldsmith.verification.verification import Verification
from goldsmith.verification.verify import BOTH_MEANINGS, verify

# A container runs on this host's own kernel and processors.
REHEARSED = Acceleration(kvm=False, why="a container needs none", speed=1.0)


def verify_existing(
    disk: Disk,
    expectation: Expectation,
    *,
    engine: str | None,
    driver: str | None = None,
    trust: Trust | None,
    record: Path | None,
    emit: Emit,
    image: str = "",
    again: Sequence[str] = (),
    previous: Previous | None = None,
) -> Verification:
    """Boot one clone without a seed and one with an empty NoCloud seed, and judge them. The disk is not changed.

    Raises InputError where a rehearsal is asked for beside another engine than `mount`: it mounts the guest itself.
    """
    rehearsing = driver == container.NAME
    if rehearsing and engine not in {None, mount.NAME}:
        raise InputError(
            f"--driver container mounts the guest: it does not go with --engine {engine}", hint="leave --engine out"
        )
    chosen, _why = choose_engine(mount.NAME if rehearsing else engine, trust)
    machines = REHEARSED if rehearsing else acceleration(emit)
    with lease(scratch_dir()) as scratch:
        return verify(
            disk,
            engine=chosen,
            scratch=scratch,
            acceleration=machines,
            expectation=expectation,
            seeds=BOTH_MEANINGS,
            driver=driver or "qemu",
            emit=emit,
            record=record,
            image=image,
            again=(*again, *(("--driver", driver) if driver else ())),
            previous=previous,
        )
