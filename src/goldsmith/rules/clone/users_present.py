"""GS408: the users that the recipe demands exist, and no password opens them."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, replaced_by_user_data, tree_rule
from goldsmith.rules.facts import Facts, Password


@tree_rule("GS408", "users-present", why="What the recipe promises to its readers is looked at, not believed.")
def users_present(case: CloneCase, facts: Facts) -> Iterator[Judgment]:
    if not case.expectation.users_present:
        yield holds("users that the recipe demands", "does not apply: it demands none")
    unmade = replaced_by_user_data(case)
    for name in case.expectation.users_present:
        account = facts.account(name)
        if account is None and name in unmade:
            replaced = "does not apply: user-data replaces the image's list of users"
            yield holds("present and locked", replaced, about=name)
        elif account is None:
            yield fails("present and locked", "absent", f"user {name} does not exist", about=name)
        elif account.password not in {Password.LOCKED, Password.NONE}:
            message = f"a password opens user {name} ({account.password})"
            yield fails("present and locked", account.password.value, message, about=name)
        else:
            yield holds("present and locked", account.password.value, about=name)
