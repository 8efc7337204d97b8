"""GS444: accounts, and the keys that open them, stay when a clone is started a second time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from goldsmith.rules.evidence_rule import Judgment, again_rule, fails, holds
from goldsmith.rules.facts import Facts

EXPECTED = "the same accounts and keys"


@again_rule("GS444", "accounts-stay", why="Who was removed or locked must not come back with the next start.")
def accounts_stay(first: Facts, again: Facts) -> Iterator[Judgment]:
    before, after = _accounts(first), _accounts(again)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if changed:
        name = changed[0]
        seen = after.get(name, "gone")
        message = f"account {name} changed in the second boot: {before.get(name, 'not there')}, then {seen}"
        yield fails(EXPECTED, seen, message)
    else:
        yield holds(EXPECTED, f"{len(after)} accounts")


def _accounts(facts: Facts) -> Mapping[str, str]:
    keys = {each.name: each.fingerprints for each in facts.authorized}
    return {
        each.name: f"uid {each.uid}, {each.password}, {each.shell}, groups {', '.join(each.groups) or 'none'}, "
        f"keys {', '.join(keys.get(each.name, ())) or 'none'}"
        for each in facts.accounts
    }
