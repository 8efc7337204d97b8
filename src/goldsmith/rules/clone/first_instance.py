"""GS406: for cloud-init this was the first boot of a new instance."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, tree_rule
from goldsmith.rules.facts import Facts

FIRST = "NO_PREVIOUS_INSTANCE_ID"
NONE_ID = "iid-datasource-none"


@tree_rule(
    "GS406",
    "first-instance",
    why="State of an earlier instance makes cloud-init skip everything that it does once for each instance.",
    cloud_init=True,
)
def first_instance(case: CloneCase, facts: Facts) -> Iterator[Judgment]:
    predicted = case.prediction.of(case.clone.seed)
    instance = NONE_ID if predicted.datasource == "DataSourceNone" else case.clone.instance_id
    expected = f"instance {instance}, without a previous one"
    seen = f"instance {facts.instance_id}, previous: {facts.previous_instance_id}"
    if facts.previous_instance_id != FIRST:
        message = f"the clone is not a first instance: the previous one is {facts.previous_instance_id}"
        yield fails(expected, seen, message, hint="cloud-init's state was sealed into the image")
    elif instance is not None and facts.instance_id != instance:
        yield fails(expected, seen, f"the clone is instance {facts.instance_id}, not {instance}")
    else:
        yield holds(expected, seen)
