"""GS404: every stage of cloud-init ended, without errors."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.clone.excuses import package_error_excused
from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, tree_rule
from goldsmith.rules.facts import Facts

EXPECTED = "all stages end without errors"


@tree_rule("GS404", "cloud-init-ended", why="A stage that failed leaves a half-made machine.", cloud_init=True)
def cloud_init_ended(case: CloneCase, facts: Facts) -> Iterator[Judgment]:
    status = facts.status
    if status is None:
        return
    unfinished = [stage.name for stage in status.stages if not stage.ended]
    if unfinished or status.stage is not None or not status.stages:
        which = status.stage or ", ".join(unfinished) or "every one"
        yield fails(EXPECTED, f"{which} did not end", f"cloud-init did not end its stage {which}")
    elif facts.result is None:
        yield fails(EXPECTED, "no result.json", "cloud-init did not write its result: its final stage did not end")
    else:
        errors = dict.fromkeys([*facts.result.errors, *(error for stage in status.stages for error in stage.errors)])
        left = [error for error in errors if not package_error_excused(error, case, facts)]
        if left:
            yield fails(EXPECTED, f"{len(left)} errors", f"cloud-init ended with an error: {left[0]}")
        else:
            excused = f"; excused: packages without network, all {len(errors)} found" if errors else ""
            yield holds(EXPECTED, f"{len(status.stages)} stages ended{excused}")
