"""GS422: the shells of those who log in are there and can be executed."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import UNSAID, Judgment, fails, holds, tree_rule, unproven
from goldsmith.rules.facts import Facts

EXPECTED = "a shell that is there"


@tree_rule("GS422", "login-shells", why="A shell that is not installed ends every login before it begins.")
def login_shells(case: CloneCase, facts: Facts) -> Iterator[Judgment]:
    if facts.system is None:
        yield unproven(EXPECTED, UNSAID)
        return
    named = dict.fromkeys([*(user.name for user in case.prediction.users), *case.expectation.users_present])
    accounts = [account for name in named if (account := facts.account(name)) is not None]
    if not accounts:
        yield holds(EXPECTED, "does not apply: no such user is there")
    for account in accounts:
        # passwd(5): without one it is /bin/sh.
        shell = account.shell or "/bin/sh"
        if shell in facts.system.shells or (not account.shell and facts.system.shells):
            yield holds(EXPECTED, shell, about=account.name)
        else:
            message = f"user {account.name} has the shell {shell}, which is not there or cannot be executed"
            yield fails(EXPECTED, f"{shell} is missing", message, hint="install it in `customize`", about=account.name)
