"""Verify a disk that is there already, or an image of the pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from goldsmith.base.trust import Trust, TrustLevel
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.lease import lease
from goldsmith.errors import InputError
from goldsmith.events import Emit
from goldsmith.guest.engines import mount
from goldsmith.guest.open import choose_engine
from goldsmith.machine.acceleration import Acceleration, acceleration
from goldsmith.machine.boot import require_driver
from goldsmith.machine.drivers import container
from goldsmith.pipeline.steps.verify import expected_by, expected_of, plan_for, wish_by
from goldsmith.pipeline.subject import disk_or_tree
from goldsmith.pool.pool import Pool
from goldsmith.recipe.model import Recipe
from goldsmith.rules.evidence import Previous
from goldsmith.rules.expectation import INVARIANTS_ONLY, Expectation
from goldsmith.settings import scratch_dir
from goldsmith.verification.matrix import MACHINES, NO_WISH, CloneWish, wish_of
from goldsmith.verification.previous import previous_of
from goldsmith.verification.verification import Verification
from goldsmith.verification.verify import verify

# A container runs on this host's own kernel and processors.
REHEARSED = Acceleration(kvm=False, why="a container needs none", speed=1.0)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is verified, and what is known of it. `recorded` is what clones boot where nobody wishes otherwise; `trust`
    that of its base; the rest as `goldsmith.verification.verify.verify` has it.
    """

    disk: Disk
    image: str
    expectation: Expectation = INVARIANTS_ONLY
    recorded: CloneWish = NO_WISH
    trust: Trust | None = None
    previous: Previous | None = None
    recipe_folder: Path | None = None

    def asked_by(self, recipe: Recipe) -> Subject:
        """The same, with what a recipe expects of it."""
        return replace(
            self, expectation=expected_of(recipe), recorded=wish_of(recipe.verify), recipe_folder=recipe.folder
        )


def disk_subject(path: Path, stated: DiskFormat | None) -> Subject:
    """A disk of which nothing is known. Raises InputError where it is none, TrustError as `disk_or_tree`."""
    disk = disk_or_tree(path, stated)
    if isinstance(disk, Path):
        raise InputError(f"{path} is a directory: it cannot be booted", hint="verify a disk, or audit the directory")
    return Subject(disk, path.name)


def image_subject(pool: Pool, name: str, emit: Emit) -> Subject:
    """An image by NAME[:VERSION], with what its manifest remembers. Raises InputError where there is none, TrustError
    where its bytes are not those that were admitted.
    """
    admitted = pool.resolve(name)
    pool.verify_digest(admitted, emit)
    manifest = admitted.manifest
    return Subject(
        disk=admitted.disk,
        image=f"{manifest.name}:{manifest.version}",
        expectation=expected_by(manifest),
        recorded=wish_by(manifest),
        trust=Trust(TrustLevel(manifest.base.trust.level), manifest.base.trust.evidence),
        previous=previous_of(pool, admitted.name),
    )


def verify_existing(
    subject: Subject,
    *,
    engine: str | None,
    driver: str | None = None,
    wish: CloneWish = NO_WISH,
    record: Path | None,
    emit: Emit,
    again: Sequence[str] = (),
) -> Verification:
    """Boot clones and judge them. `wish` says which ones; the rest is as `goldsmith.verification.verify.verify` has it.
    The disk is not changed.

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
    chosen, _why = choose_engine(mount.NAME if mounting else engine, subject.trust)
    machines = REHEARSED if rehearsing else acceleration(emit)
    wished = wish.over(subject.recorded)
    clones = plan_for(wished, engine=chosen, acceleration=machines, emit=emit, driver=driver or MACHINES)
    with lease(scratch_dir()) as scratch:
        return verify(
            subject.disk,
            engine=chosen,
            scratch=scratch,
            acceleration=machines,
            expectation=subject.expectation,
            clones=clones,
            emit=emit,
            record=record,
            image=subject.image,
            again=(*again, *(("--driver", driver) if driver else ()), *wish.as_words()),
            previous=subject.previous,
            recipe_folder=subject.recipe_folder,
        )
