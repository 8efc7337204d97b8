"""Which operations to run, said as virt-sysprep's `--operations` says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import goldsmith.generalization.operations  # noqa: F401  registers them
from goldsmith.errors import InputError
from goldsmith.generalization.operation import Operation, Remark, registered
from goldsmith.generalization.operations.user_account import NAME as USER_ACCOUNT
from goldsmith.generalization.view import Users, View
from goldsmith.guest.change import Change

ADVICE = "see `goldsmith generalize --list`"


@dataclass(frozen=True, slots=True)
class Foreign:
    """An operation of virt-sysprep that is known here by name, and does nothing: `why`, or what does the job instead.
    It may stand in lists that are shared.
    """

    name: str
    why: str


FOREIGN = (
    Foreign(
        "customize",
        "selects nothing: its refills of machine-id and random seed are what makes clones alike, and steps of a "
        "recipe's `customize` do the rest",
    ),
    Foreign(
        "lvm-uuids",
        "selects nothing: a guest on LVM is refused before it is looked at, and without LVM there is nothing to "
        "change; `--with virt-sysprep` hands it on",
    ),
    Foreign("script", "selects nothing: --script runs scripts, inside the guest and not on the host"),
)


def select(expression: str) -> tuple[Operation, ...]:
    """The operations that a list such as `defaults,-ssh-hostkeys,firewall-rules` names, sorted by name.

    Read left to right from the empty set: `name` adds, `-name` removes, `defaults` and `all` stand for sets. Operations
    of virt-sysprep that do nothing here are accepted, so lists can be shared. Raises InputError for an unknown name
    and for a list that selects nothing.
    """
    known = {each.name: each for each in registered()}
    foreign = {each.name: each for each in FOREIGN}
    sets = {"defaults": {each.name for each in known.values() if each.default}, "all": set(known)}
    chosen: set[str] = set()
    idle: list[Foreign] = []
    for word in (item.strip() for item in expression.split(",")):
        removes, name = word.startswith("-"), word.removeprefix("-")
        if name in foreign:
            if not removes:
                idle.append(foreign[name])
            continue
        names = sets.get(name) or ({name} if name in known else _unknown(name, [*known, *sets, *foreign]))
        chosen = chosen - names if removes else chosen | names
    if not chosen:
        first = (
            f"{idle[0].name} {idle[0].why}" if idle else "a list starts from the empty set: begin it with `defaults`"
        )
        raise InputError(f"the list of operations {expression!r} selects nothing", hint=first)
    return tuple(known[name] for name in sorted(chosen))


def with_users(
    operations: Sequence[Operation], *, keep: Iterable[str] = (), remove: Iterable[str] = ()
) -> tuple[Operation, ...]:
    """The operations, told which accounts to keep (which wins) and which alone to remove.

    Raises InputError where accounts are named and the operation that removes accounts is not selected: virt-sysprep
    does the same.
    """
    users = Users(frozenset(_names(keep, "keep")), frozenset(_names(remove, "remove")))
    if users == Users():
        return tuple(operations)
    if not any(each.name == USER_ACCOUNT for each in operations):
        raise InputError(
            f"accounts are named, and the operation {USER_ACCOUNT} is not selected",
            hint=f"write --operations defaults,{USER_ACCOUNT}",
        )
    return tuple(_told(each, users) for each in operations)


def sparing_users(operations: Iterable[Operation], names: Iterable[str]) -> tuple[Operation, ...]:
    """The operations, told of further accounts that are in the guest on purpose."""
    users = Users(keep=frozenset(names))
    return tuple(_told(each, users) for each in operations)


def _told(operation: Operation, users: Users) -> Operation:
    plan, remarks = operation.plan, operation.remarks

    def told(view: View) -> View:
        return replace(view, users=Users(view.users.keep | users.keep, view.users.remove | users.remove))

    def planned(view: View) -> Iterable[Change]:
        return plan(told(view))

    def remarked(view: View) -> Iterable[Remark]:
        return remarks(told(view)) if remarks is not None else ()

    return replace(operation, plan=planned, remarks=remarked if remarks is not None else None)


def _names(words: Iterable[str], verb: str) -> list[str]:
    names = [name.strip() for word in words for name in word.split(",")]
    for name in names:
        if not name or ":" in name or "/" in name or not name.isprintable():
            raise InputError(
                f"{name!r} is no name of an account", hint=f"for example --{verb}-user-accounts admin,builder"
            )
    return names


def _unknown(name: str, known: list[str]) -> set[str]:
    close = get_close_matches(name.lstrip("+"), known, n=1)
    raise InputError(
        f"unknown operation {name!r}" if name else "an empty name in the list of operations",
        hint=f"did you mean {close[0]}? {ADVICE}" if close else ADVICE,
    )
