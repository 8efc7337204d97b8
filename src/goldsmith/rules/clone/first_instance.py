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
    # A datasource that the local stage finds is written down again by the network stage: then the previous is this one.
    first = facts.previous_instance_id == FIRST or (
        facts.previous_instance_id == facts.instance_id and instance != NONE_ID
    )
    if case.sealed.instance_id is not None or not first:
        previous = case.sealed.instance_id or facts.previous_instance_id
        message = f"the clone is not a first instance: before it there was {previous}"
        yield fails(expected, seen, message, hint="its state was sealed into the image: generalize with cloud-init")
    elif instance is not None and facts.instance_id != instance:
        yield fails(expected, seen, f"the clone is instance {facts.instance_id}, not {instance}")
    else:
        yield holds(expected, seen)
