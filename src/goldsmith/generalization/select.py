"""Which operations to run, said as virt-sysprep's `--operations` says it."""

from __future__ import annotations

from difflib import get_close_matches

import goldsmith.generalization.operations  # noqa: F401  registers them
from goldsmith.errors import InputError
from goldsmith.generalization.operation import Operation, registered

# virt-sysprep's operations that have no counterpart here, and what does the job instead.
ELSEWHERE = {
    "customize": "steps of the recipe's `customize` do its work, without filling the machine-id again",
    "script": "use a `run` step of the recipe's `customize`",
    "fs-uuids": "new file system UUIDs without fstab and boot loader in step leave an image that does not boot",
    "lvm-uuids": "clones do not share a host's volume groups",
}
ADVICE = "see `goldsmith generalize --list`"


def select(expression: str) -> tuple[Operation, ...]:
    """The operations that a list such as `defaults,-ssh-hostkeys,firewall-rules` names, sorted by name.

    Read left to right from the empty set: `name` adds, `-name` removes, `defaults` and `all` stand for sets. Removing
    an operation of virt-sysprep that does not exist here is accepted, so lists can be shared. Raises InputError for an
    unknown name and for a list that selects nothing.
    """
    known = {each.name: each for each in registered()}
    sets = {"defaults": {each.name for each in known.values() if each.default}, "all": set(known)}
    chosen: set[str] = set()
    for word in (item.strip() for item in expression.split(",")):
        removes, name = word.startswith("-"), word.removeprefix("-")
        if removes and name in ELSEWHERE:
            continue
        names = sets.get(name) or ({name} if name in known else _unknown(name, [*known, *sets]))
        chosen = chosen - names if removes else chosen | names
    if not chosen:
        raise InputError(
            f"the list of operations {expression!r} selects nothing",
            hint="a list starts from the empty set: begin it with `defaults`",
        )
    return tuple(known[name] for name in sorted(chosen))


def _unknown(name: str, known: list[str]) -> set[str]:
    if name in ELSEWHERE:
        raise InputError(f"virt-sysprep's operation {name} is not one of goldsmith's", hint=ELSEWHERE[name])
    close = get_close_matches(name.lstrip("+"), known, n=1)
    raise InputError(
        f"unknown operation {name!r}" if name else "an empty name in the list of operations",
        hint=f"did you mean {close[0]}? {ADVICE}" if close else ADVICE,
    )
