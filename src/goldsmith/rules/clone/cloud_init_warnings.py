"""GS405: cloud-init warned of nothing but what was predicted."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.clone.excuses import fallback_excused, package_error_excused
from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, tree_rule
from goldsmith.rules.facts import Facts

EXPECTED = "no warning but the fallback datasource's"


@tree_rule(
    "GS405",
    "cloud-init-warnings",
    why="A configuration that cloud-init drops or cannot follow shows only as a warning in its log.",
    cloud_init=True,
)
def cloud_init_warnings(case: CloneCase, facts: Facts) -> Iterator[Judgment]:
    recoverable = [
        text
        for stage in (facts.status.stages if facts.status else ())
        for level, texts in stage.recoverable
        if level != "DEPRECATED"
        for text in texts
    ]
    said = dict.fromkeys([*facts.cloud_log, *recoverable])
    left = [line for line in said if not fallback_excused(line, case) and not package_error_excused(line, case, facts)]
    if left:
        yield fails(EXPECTED, f"{len(left)} warnings", f"cloud-init warned: {left[0]}")
    else:
        yield holds(EXPECTED, f"{len(said)} warnings, all of them expected" if said else "no warnings")
