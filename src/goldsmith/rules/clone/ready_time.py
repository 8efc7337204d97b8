"""GS432: the clone was ready not much later than one of the version before."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, clone_rule, fails, holds, unproven


@clone_rule("GS432", "ready-time", why="Boots grow slower by one service at a time, and nobody sees when.")
def ready_time(case: CloneCase) -> Iterator[Judgment]:
    limit, seconds = case.expectation.slower, case.clone.seconds_to_ready
    expected = f"at most {limit:.0%} slower than the version before" if limit is not None else "the time is recorded"
    if seconds is None:
        yield unproven(expected, f"the boot stopped after {case.clone.last_milestone}")
        return
    before = _before(case)
    if before is None:
        yield holds(expected, f"{seconds:.1f} s; no boot of a version before to compare with")
        return
    image, earlier = before
    seen = f"{seconds:.1f} s, {image} took {earlier:.1f} s"
    if limit is not None and seconds > earlier * (1 + limit):
        message = f"ready after {seconds:.1f} s, {seconds / earlier - 1:.0%} later than {image}"
        hint = "compare both consoles: `goldsmith report` shows the stages; a busy host makes boots slow too"
        yield fails(expected, seen, message, hint=hint)
    else:
        yield holds(expected, seen)


def _before(case: CloneCase) -> tuple[str, float] | None:
    """The name of the version before, and how long its boot of the same kind would have taken on this host."""
    previous, here = case.evidence.previous, case.evidence.circumstances
    if previous is None or here is None or previous.kvm != here.kvm or here.speed <= 0:
        return None
    kind = case.clone.driver, case.clone.seed, case.clone.firmware
    alike = [
        boot.seconds for boot in previous.boots if (boot.driver, boot.seed, boot.firmware) == kind and boot.seconds > 0
    ]
    return (previous.image, min(alike) * previous.speed / here.speed) if alike else None
