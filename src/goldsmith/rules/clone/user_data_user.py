"""GS430: the user that user-data adds is there, locked and allowed to use sudo."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence_rule import Judgment, fails, holds, probe_rule
from goldsmith.rules.facts import Facts, Password
from goldsmith.rules.probe import Probe

EXPECTED = "the user of user-data, locked and with its sudo rule"


@probe_rule("GS430", "user-data-user", why="An image is a base for others: it has to obey whoever starts a clone.")
def user_data_user(facts: Facts, probe: Probe) -> Iterator[Judgment]:
    account = facts.account(probe.user)
    rule = f"{probe.user} {probe.sudo}"
    if account is None:
        yield fails(
            EXPECTED,
            "absent",
            f"user-data was not obeyed: user {probe.user} was not made",
            hint="the module users_groups did not run, or failed",
        )
    elif account.password is not Password.LOCKED:
        seen = f"its password is {account.password}"
        yield fails(EXPECTED, seen, f"user {probe.user}, that user-data locks, is not locked: {seen}")
    elif rule not in facts.sudo_rules:
        yield fails(EXPECTED, "no sudo rule", f"user {probe.user} may not use sudo, though user-data says so")
    else:
        yield holds(EXPECTED, f"uid {account.uid}, {account.password}, {rule}")
