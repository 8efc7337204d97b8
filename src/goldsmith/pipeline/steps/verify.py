"""Prove the sealed image on clones that get no user-data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldsmith.cloudinit.datasource import Choice
from goldsmith.customization.kinds.datasource import Datasource
from goldsmith.disk.disk import Disk
from goldsmith.errors import ProofError
from goldsmith.events import Emit
from goldsmith.machine.acceleration import Acceleration
from goldsmith.pipeline.step import step
from goldsmith.pool.manifest import Manifest
from goldsmith.recipe.model import Recipe
from goldsmith.rules.evidence import Previous
from goldsmith.rules.expectation import INVARIANTS_ONLY, Expectation, Setting, as_json
from goldsmith.rules.rule import Verdict
from goldsmith.verification.verification import Verification
from goldsmith.verification.verify import seeds_for, verify

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Verified:
    verification: Verification

    @property
    def summary(self) -> str:
        clones, outcomes = len(self.verification.clones), len(self.verification.outcomes)
        return f"{clones} clones booted without user-data, {outcomes} outcomes, all passed"


def expected_of(recipe: Recipe) -> Expectation:
    """What the recipe demands of its clones."""
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
    )


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
        seeds=seeds_for(recipe.verify.clones),
        emit=emit,
        record=record,
        image=f"{recipe.name}:{recipe.version}",
        again=(f"{recipe.name}:{recipe.version}",),
        previous=previous,
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
