"""GS441: in a second boot cloud-init runs to its end again, as the same instance and without errors."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence_rule import Judgment, again_rule, fails, holds
from goldsmith.rules.facts import Facts

EXPECTED = "the same instance again, without errors"


@again_rule(
    "GS441",
    "second-run-of-cloud-init",
    why="What works once and fails at each later start is found by users.",
    cloud_init=True,
)
def second_run_of_cloud_init(first: Facts, again: Facts) -> Iterator[Judgment]:
    status = again.status
    if status is None:
        return
    unfinished = [stage.name for stage in status.stages if not stage.ended]
    errors = [
        *(again.result.errors if again.result is not None else ()),
        *(error for stage in status.stages for error in stage.errors),
    ]
    if again.instance_id != first.instance_id:
        seen = f"instance {again.instance_id}, before: {first.instance_id}"
        yield fails(EXPECTED, seen, f"in its second boot the clone became another instance: {seen}")
    elif unfinished or again.result is None:
        which = ", ".join(unfinished) or "its last stage"
        yield fails(EXPECTED, f"{which} did not end", f"in the second boot cloud-init did not end {which}")
    elif errors:
        message = f"in the second boot cloud-init ended with an error: {errors[0]}"
        yield fails(EXPECTED, f"{len(errors)} errors", message)
    else:
        yield holds(EXPECTED, f"instance {again.instance_id}, {len(status.stages)} stages ended")
