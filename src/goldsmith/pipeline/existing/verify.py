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
from goldsmith.machine.boot import require_driver
from goldsmith.machine.drivers import container
from goldsmith.pipeline.steps.verify import plan_for
from goldsmith.rules.evidence import Previous
from goldsmith.rules.expectation import Expectation
from goldsmith.settings import scratch_dir
from goldsmith.verification.matrix import MACHINES, NO_WISH, CloneWish
from goldsmith.verification.verification import Verification
from goldsmith.verification.verify import verify

# A container runs on this host's own kernel and processors.
REHEARSED = Acceleration(kvm=False, why="a container needs none", speed=1.0)


def verify_existing(
    disk: Disk,
    expectation: Expectation,
    *,
    engine: str | None,
    driver: str | None = None,
    wish: CloneWish = NO_WISH,
    recorded: CloneWish = NO_WISH,
    trust: Trust | None,
    record: Path | None,
    emit: Emit,
    image: str = "",
    again: Sequence[str] = (),
    previous: Previous | None = None,
    recipe_folder: Path | None = None,
) -> Verification:
    """Boot clones and judge them. `wish` says which ones, and `recorded` where it does not: what a recipe or a manifest
    says. The disk is not changed. The rest is as `goldsmith.verification.verify.verify` has it.

    Raises HostError where the driver does not work here; InputError where a rehearsal is asked for beside another
    engine than `mount`, because it mounts the guest itself, or a machine is described where none boots.
    """
    rehearsing = driver == container.NAME
    if rehearsing and (about := [word for word in wish.about_machines().as_words() if word.startswith("--")]):
        raise InputError(
            f"--driver container boots no machine: it does not go with {about[0]}", hint=f"leave {about[0]} out"
        )
    mounting = "--driver container" if rehearsing else "--rehearse" if wish.rehearse else None
    if mounting and engine not in {None, mount.NAME}:
        raise InputError(
            f"{mounting} mounts the guest: it does not go with --engine {engine}", hint="leave --engine out"
        )
    if driver is not None:
        require_driver(driver)
    chosen, _why = choose_engine(mount.NAME if mounting else engine, trust)
    machines = REHEARSED if rehearsing else acceleration(emit)
    clones = plan_for(wish.over(recorded), engine=chosen, acceleration=machines, emit=emit, driver=driver or MACHINES)
    with lease(scratch_dir()) as scratch:
        return verify(
            disk,
            engine=chosen,
            scratch=scratch,
            acceleration=machines,
            expectation=expectation,
            clones=clones,
            emit=emit,
            record=record,
            image=image,
            again=(*again, *(("--driver", driver) if driver else ()), *wish.as_words()),
            previous=previous,
            recipe_folder=recipe_folder,
        )
