"""GS407: the users that the configuration makes, the default user first of all, are there as it says."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.users import User
from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, tree_rule
from goldsmith.rules.facts import Account, Facts, Password

SUDOERS = "90-cloud-init-users"


@tree_rule("GS407", "predicted-users", why="The default user is who everybody logs in as.", cloud_init=True)
def predicted_users(case: CloneCase, facts: Facts) -> Iterator[Judgment]:
    users = case.prediction.users_with(case.clone.seed)
    if not users:
        yield holds("no users are configured", "does not apply")
    for user in users:
        yield _judge(user, facts)


def _judge(user: User, facts: Facts) -> Judgment:
    expected = f"{'locked' if user.locked else 'there'}, groups {', '.join(user.groups) or 'any'}"
    account = facts.account(user.name)
    if account is None:
        hint = "the module users_groups did not run, or failed"
        return fails(expected, "absent", f"user {user.name} was not made", hint=hint, about=user.name)
    seen = f"{account.password}, groups {', '.join(account.groups) or 'none'}"
    wrong = _wrong(user, account, facts)
    if wrong is None:
        return holds(expected, seen, about=user.name)
    return fails(expected, seen, f"user {user.name} {wrong}", about=user.name)


def _wrong(user: User, account: Account, facts: Facts) -> str | None:
    if user.locked and account.password is not Password.LOCKED:
        return f"is not locked: its password is {account.password}"
    missing = sorted(set(user.groups) - set(account.groups))
    if missing:
        return f"is not in {', '.join(missing)}"
    if user.shell is not None and account.shell != user.shell:
        return f"has the shell {account.shell}, not {user.shell}"
    if user.sudo and user.sudo != ("False",) and SUDOERS not in facts.sudoers:
        return f"has no sudo rule: there is no {SUDOERS}"
    return None
