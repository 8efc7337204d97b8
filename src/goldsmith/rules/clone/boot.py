"""GS401: the clone boots to its end and powers off when asked."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.clone.stopped import stopped
from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, clone_rule, holds, left_to_machines


@clone_rule("GS401", "boot", why="An image that does not boot to its end, or cannot be shut down, is none.")
def boot(case: CloneCase) -> Iterator[Judgment]:
    clone, expected = case.clone, "reaches ready and powers off when asked"
    if not clone.ended or clone.problem is not None:
        yield stopped(clone, expected)
    elif not clone.hardware:
        yield left_to_machines(case, expected, "no boot loader, kernel, initramfs or udev ran")
    else:
        again = f", {clone.boots} boots" if clone.boots > 1 else ""
        yield holds(expected, f"ready and off after {clone.seconds:.0f} s{again}")
