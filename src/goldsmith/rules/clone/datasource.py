"""GS403: the datasource is the one that the image's configuration predicts for this seed."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, tree_rule
from goldsmith.rules.facts import Facts


@tree_rule("GS403", "datasource", why="Another datasource means that another boot was proven.", cloud_init=True)
def datasource(case: CloneCase, facts: Facts) -> Iterator[Judgment]:
    predicted = case.prediction.of(case.clone.seed)
    expected = predicted.datasource or "none is found"
    seen = (facts.status.datasource_class if facts.status else None) or "none is found"
    if predicted.datasource is None:
        yield fails(
            "a datasource is found", seen, f"no datasource answers with the seed {case.clone.seed}: {predicted.why}"
        )
    elif seen == expected:
        yield holds(expected, seen)
    else:
        yield fails(expected, seen, f"cloud-init took {seen}, but its configuration predicts {expected}")
