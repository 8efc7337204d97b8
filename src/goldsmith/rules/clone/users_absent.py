"""GS409: the users that the recipe forbids do not exist."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, tree_rule
from goldsmith.rules.facts import Facts


@tree_rule("GS409", "users-absent", why="A vendor's user that was to be renamed and is still there is a way in.")
def users_absent(case: CloneCase, facts: Facts) -> Iterator[Judgment]:
    if not case.expectation.users_absent:
        yield holds("users that the recipe forbids", "does not apply: it forbids none")
    for name in case.expectation.users_absent:
        account = facts.account(name)
        if account is None:
            yield holds("absent", "absent", about=name)
        else:
            yield fails("absent", f"uid {account.uid}", f"user {name} exists", about=name)
