"""GS505: the clones have the same accounts."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase, Evidence
from goldsmith.rules.evidence_rule import Judgment, booted, clones_rule, equal, runs_cloud_init

EXPECTED = "the same accounts in each clone"


@clones_rule("GS505", "users-equal", why="Both meanings of `no user-data` have to give the same machine.")
def users_equal(evidence: Evidence) -> Iterator[Judgment]:
    counted = [each for each in booted(evidence) if runs_cloud_init(CloneCase(each.clone, evidence))]
    values = {
        each.clone.name: frozenset(
            f"{account.name} ({account.password}; {', '.join(account.groups)})" for account in each.facts.accounts
        )
        for each in counted
    }
    yield equal(EXPECTED, values)
