"""GS402: cloud-init ran. A login prompt does not say so: it also appears where cloud-init is disabled."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.datasource import Seed
from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, clone_rule, fails, holds, runs_cloud_init, unproven

EXPECTED = "cloud-init runs"


@clone_rule("GS402", "cloud-init-ran", why="Without cloud-init a clone has no user, no key and no name of its own.")
def cloud_init_ran(case: CloneCase) -> Iterator[Judgment]:
    clone, predicted = case.clone, case.prediction.of(case.clone.seed)
    if not runs_cloud_init(case):
        ran = clone.facts is not None and clone.facts.status is not None
        expected = "cloud-init is off without a seed, as the base has it"
        yield (
            fails(expected, "it ran", "cloud-init ran, against its prediction") if ran else holds(expected, "it is off")
        )
    elif not predicted.enabled:
        yield fails(
            EXPECTED,
            f"disabled: {predicted.why}",
            f"cloud-init is disabled in the image: {predicted.why}",
            hint=_hint(case),
        )
    elif clone.facts is None:
        yield unproven(EXPECTED, clone.unreadable or clone.problem or "the clone's disk could not be read")
    elif clone.facts.status_error is not None:
        yield fails(
            EXPECTED, clone.facts.status_error, f"cloud-init left no readable status: {clone.facts.status_error}"
        )
    elif clone.facts.status is not None:
        yield holds(EXPECTED, "status.json is there")
    elif clone.ended or any(passage.name == "login" for passage in clone.milestones):
        yield fails(
            EXPECTED,
            "no status.json",
            "cloud-init was disabled at boot, or died reading its configuration: it left no status.json",
            hint=f"read the console: {clone.console}",
        )
    else:
        yield unproven(EXPECTED, f"the boot stopped after {clone.last_milestone}")


def _hint(case: CloneCase) -> str | None:
    if case.clone.seed is Seed.NONE and case.prediction.of(Seed.EMPTY_NOCLOUD).enabled:
        return "`datasource: local` in the recipe makes the defaults apply without a seed"
    return None
