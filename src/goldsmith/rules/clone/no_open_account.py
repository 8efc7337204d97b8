"""GS413: no account has an empty password."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, tree_rule
from goldsmith.rules.facts import Facts, Password

EXPECTED = "no account that opens without a password"


@tree_rule("GS413", "no-open-account", why="An empty password on a console lets anybody in.")
def no_open_account(case: CloneCase, facts: Facts) -> Iterator[Judgment]:  # noqa: ARG001  every tree rule is called so
    accounts = [account.name for account in facts.accounts if account.password is Password.EMPTY]
    if accounts:
        yield fails(EXPECTED, ", ".join(accounts), f"no password is needed for {', '.join(accounts)}")
    else:
        yield holds(EXPECTED, f"{len(facts.accounts)} accounts")
