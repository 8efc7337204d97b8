"""GS401: the clone boots to its end and powers off when asked."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, clone_rule, fails, holds, unproven


@clone_rule("GS401", "boot", why="An image that does not boot to its end, or cannot be shut down, is none.")
def boot(case: CloneCase) -> Iterator[Judgment]:
    clone, expected = case.clone, "reaches ready and powers off when asked"
    if not clone.ended or clone.problem is not None:
        yield fails(
            expected,
            f"last milestone: {clone.last_milestone}",
            f"the boot stopped after {clone.last_milestone}: {clone.problem or 'it did not power off by itself'}",
            hint=f"read the console: {clone.console}",
        )
    elif not clone.hardware:
        machine = next((each.name for each in case.evidence.clones if each.hardware and each.ended), None)
        if machine is None:
            yield unproven(expected, f"{clone.driver} only rehearses: no boot loader, kernel, initramfs or udev ran")
        else:
            seen = f"ready and off after {clone.seconds:.0f} s; boot loader to udev are proven by {machine}"
            yield holds("reaches ready in a rehearsal, and powers off", seen)
    else:
        again = f", {clone.boots} boots" if clone.boots > 1 else ""
        yield holds(expected, f"ready and off after {clone.seconds:.0f} s{again}")
