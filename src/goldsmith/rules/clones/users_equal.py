"""GS505: the clones have the same accounts, but for those that user-data makes."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase, Evidence
from goldsmith.rules.evidence_rule import Judgment, booted, clones_rule, equal, runs_cloud_init

EXPECTED = "the same accounts in each clone"


@clones_rule("GS505", "users-equal", why="Both meanings of `no user-data` have to give the same machine.")
def users_equal(evidence: Evidence) -> Iterator[Judgment]:
    counted = [each for each in booted(evidence) if runs_cloud_init(CloneCase(each.clone, evidence))]
    own = _by_user_data(evidence)
    values = {
        each.clone.name: frozenset(
            f"{account.name} ({account.password}; {', '.join(account.groups)})"
            for account in each.facts.accounts
            if account.name not in own
        )
        for each in counted
    }
    yield equal(EXPECTED, values)


def _by_user_data(evidence: Evidence) -> frozenset[str]:
    """The users that only clones with user-data have, or only those without; GS407 and GS430 look at them."""
    users = [{user.name for user in evidence.prediction.users_with(clone.seed)} for clone in evidence.clones]
    return frozenset(name for each in users for other in users for name in each ^ other)
