"""GS421: sudo accepts the rules that cloud-init wrote for its users, and each of them has one."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, system_rule, unproven
from goldsmith.rules.system import System

EXPECTED = "rules that sudo accepts"


@system_rule(
    "GS421",
    "sudo-rules",
    why="One rule that does not parse can cost every user sudo.",
    cloud_init=True,
)
def sudo_rules(case: CloneCase, system: System) -> Iterator[Judgment]:
    wanted = [user for user in case.prediction.users_with(case.clone.seed) if user.sudo and user.sudo != ("False",)]
    if not wanted:
        yield holds(EXPECTED, "does not apply: no user gets any")
    elif system.sudo is None:
        yield fails(EXPECTED, "no file", "cloud-init wrote no sudo rules")
    elif system.sudo.problem is not None:
        message = f"sudo does not accept {system.sudo.path}: {system.sudo.problem}"
        yield fails(EXPECTED, system.sudo.problem, message, hint="mend `sudo:` of the user in the configuration")
    else:
        without = [user.name for user in wanted if not _has_rule(user.name, system.sudo.rules)]
        if without:
            yield fails(EXPECTED, f"none for {without[0]}", f"user {without[0]} has no rule in {system.sudo.path}")
        elif system.sudo.unproven is not None:
            yield unproven(EXPECTED, system.sudo.unproven)
        else:
            yield holds(EXPECTED, "; ".join(system.sudo.rules))


def _has_rule(name: str, rules: tuple[str, ...]) -> bool:
    return any(
        name in {each.strip() for each in rule.split(maxsplit=1)[0].split(",")} for rule in rules if rule.split()
    )
