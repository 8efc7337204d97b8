"""Prove the sealed image on its clones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldsmith.cloudinit.datasource import Choice
from goldsmith.customization.kinds.datasource import Datasource
from goldsmith.disk.disk import Disk
from goldsmith.errors import ProofError
from goldsmith.events import Emit, Note
from goldsmith.guest.engines import mount
from goldsmith.machine.acceleration import Acceleration
from goldsmith.machine.drivers import container
from goldsmith.pipeline.step import step
from goldsmith.pool.manifest import Manifest
from goldsmith.recipe.model import Recipe
from goldsmith.rules.evidence import Previous
from goldsmith.rules.expectation import INVARIANTS_ONLY, Expectation, Setting, as_json
from goldsmith.rules.rule import Verdict
from goldsmith.verification.matrix import MACHINES, ClonePlan, CloneWish, plan_clones, rehearses, wish_of
from goldsmith.verification.verification import Verification
from goldsmith.verification.verify import verify

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Verified:
    verification: Verification

    @property
    def summary(self) -> str:
        clones, outcomes = self.verification.clones, len(self.verification.outcomes)
        rehearsed = sum(not clone.hardware for clone in clones)
        how = f": {len(clones) - rehearsed} by machines, {rehearsed} rehearsed" if rehearsed else " by machines"
        return f"{len(clones)} clones booted{how}, {outcomes} outcomes, all passed"


def expected_of(recipe: Recipe) -> Expectation:
    """What the recipe demands of its clones. Raises InputError where a file that it names cannot be read."""
    expect = recipe.verify.expect
    chosen = recipe.datasource
    return Expectation(
        stated=True,
        users_present=expect.users.present,
        users_absent=expect.users.absent,
        packages=expect.packages,
        datasource=chosen.choice if isinstance(chosen, Datasource) else None,
        enabled=expect.services.enabled,
        may_fail=expect.services.failed,
        effective=tuple(
            Setting(key, None if value is None else as_json(value)) for key, value in expect.effective.items()
        ),
        slower=expect.slower_than_previous / 100 if expect.slower_than_previous is not None else None,
        may_differ=expect.differ,
        kept=tuple(keep.pattern for keep in recipe.generalize.kept()),
        checks=expect.checks(recipe.folder),
    )


def expected_by(manifest: Manifest) -> Expectation:
    """What an admitted image's recipe demanded, as its manifest remembers it; only invariants where it does not."""
    said = manifest.expectation
    if said is None:
        return INVARIANTS_ONLY
    return Expectation(
        stated=True,
        users_present=said.users_present,
        users_absent=said.users_absent,
        packages=said.packages,
        datasource=Choice(said.datasource) if said.datasource is not None else None,
        enabled=said.enabled,
        may_fail=said.may_fail,
        effective=tuple(Setting(key, value) for key, value in said.effective.items()),
        slower=said.slower,
        may_differ=said.may_differ,
        kept=tuple(kept.path for kept in manifest.kept),
        checks=said.checks,
    )


def wish_by(manifest: Manifest) -> CloneWish:
    """Which machines an admitted image's recipe described, as its manifest remembers them."""
    said = manifest.machine
    if said is None:
        return CloneWish()
    machine = {name: value for name, value in dict(said).items() if value is not None and name != "firmware"}
    return CloneWish(firmwares=said.firmware, machine=machine)


def plan_for(
    wish: CloneWish, *, engine: str, acceleration: Acceleration, emit: Emit, driver: str = MACHINES
) -> tuple[ClonePlan, ...]:
    """The clones to boot. A part is rehearsed without being asked for only where the guest is mounted anyway: that is
    root's, and for a base of known origin.
    """
    possible = engine == mount.NAME and container.status().usable
    clones = plan_clones(wish, driver=driver, rehearsing=rehearses(wish, kvm=acceleration.kvm, possible=possible))
    rehearsed = [clone.name for clone in clones if clone.rehearsed]
    if rehearsed and len(rehearsed) < len(clones) and wish.rehearse is None:
        emit(Note(f"machines are emulated: {', '.join(rehearsed)} only rehearsed, in a container"))
    return clones


def _asking_again(recipe: Recipe) -> tuple[str, ...]:
    """The words that verify as this recipe does, where a manifest alone cannot."""
    return ("--recipe", str(recipe.path)) if recipe.verify.expect.testinfra is not None else ()


@step("verify")
def verify_sealed(
    emit: Emit,
    disk: Disk,
    recipe: Recipe,
    *,
    engine: str,
    acceleration: Acceleration,
    scratch: Path,
    record: Path,
    previous: Previous | None = None,
) -> Verified:
    """Raises ProofError where an outcome is no pass. `record` is a folder that gets consoles and evidence; `previous`
    is the version before.
    """
    verification = verify(
        disk,
        engine=engine,
        scratch=scratch,
        acceleration=acceleration,
        expectation=expected_of(recipe),
        clones=plan_for(wish_of(recipe.verify), engine=engine, acceleration=acceleration, emit=emit),
        emit=emit,
        record=record,
        image=f"{recipe.name}:{recipe.version}",
        again=(f"{recipe.name}:{recipe.version}", *_asking_again(recipe)),
        previous=previous,
        recipe_folder=recipe.folder,
    )
    if not verification.passed:
        bad = [outcome for outcome in verification.outcomes if outcome.verdict is not Verdict.PASS]
        named = "; ".join(f"{each.rule} {each.subject}: {each.message}" for each in bad[:SHOWN])
        more = f"; and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        raise ProofError(
            f"the image is built, but not proven: {named}{more}",
            hint="it is not admitted; consoles and evidence are kept (see above)",
        )
    return Verified(verification)
