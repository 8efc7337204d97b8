"""Accounts of people."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity, printable
from goldsmith.generalization.accounts import ACCOUNT_ROOTS, PASSWD, people, remove_accounts
from goldsmith.generalization.operation import Remark, operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "user-account"


def _remarks(view: View) -> Iterator[Remark]:
    """Who stays because of the name, and who was named and is not there."""
    names = {each.name for each in people(view)}
    for name in sorted(names & view.users.keep):
        yield Remark(NAME, PASSWD, f"the account {printable(name)} stays: it is named to be kept, or is the recipe's")
    for name in sorted(view.users.remove - names):
        yield Remark(NAME, PASSWD, f"no account of a person is named {printable(name)}: nothing to remove")


@operation(
    NAME,
    covers="accounts of people with their homes, groups, sudo rules, mail, crontabs and subordinate ids",
    roots=ACCOUNT_ROOTS,
    upstream="virt-sysprep user-account (which leaves gshadow, subuid, subgid, memberships, sudo rules, crontabs)",
    default=False,
    severity=Severity.ERROR,
    remarks=_remarks,
)
def plan(view: View) -> Iterator[Change]:
    """UID_MIN to UID_MAX of login.defs are people; with --remove-user-accounts only those that are named go. An account
    stays that --keep-user-accounts names, that the recipe made or expects, or whose home a `keep` or the recipe spares.
    """
    going = [each for each in people(view) if view.users.may_go(each.name)]
    doomed = {each.name for each in going if not (each.home and view.spares(each.home))}
    yield from remove_accounts(view, doomed, NAME, "an account of the build")
