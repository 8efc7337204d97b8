"""GS420: the first boot did what the image's own files predict of it."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import UNSAID, Judgment, fails, holds, tree_rule, unproven
from goldsmith.rules.facts import Facts
from goldsmith.rules.prediction import differences

EXPECTED = "the predicted first boot"
SHOWN = 5


@tree_rule("GS420", "as-predicted", why="Where a boot surprises its own files, something else decides than they say.")
def as_predicted(case: CloneCase, facts: Facts) -> Iterator[Judgment]:
    predicted = case.clone.predicted
    if predicted is None:
        yield unproven(EXPECTED, UNSAID)
        return
    found = differences(predicted, facts)
    if found:
        more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        shown = "; ".join(found[:SHOWN]) + more
        hint = "compare with `goldsmith explain`: a unit or a hook of the image did it, or the prediction is wrong"
        yield fails(EXPECTED, f"{len(found)} differences", f"the first boot was not as predicted: {shown}", hint=hint)
    else:
        ran = sum(each.runs for each in predicted.modules)
        yield holds(EXPECTED, f"users, logins, host keys and {ran} modules as cloud-init {predicted.follows} has them")
