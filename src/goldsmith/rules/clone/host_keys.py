"""GS411: sshd has host keys, and they are this clone's own."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, tree_rule, unproven
from goldsmith.rules.facts import Facts

EXPECTED = "host keys made by this boot"
SERVERS = frozenset({"openssh-server", "openssh"})


@tree_rule("GS411", "host-keys", why="With shared host keys one clone can pose as another; without any sshd is dead.")
def host_keys(case: CloneCase, facts: Facts) -> Iterator[Judgment]:
    baked = {key.fingerprint for key in case.sealed.host_keys} - {None}
    shared = [key for key in facts.host_keys if key.fingerprint in baked]
    open_keys = [key.name for key in facts.host_keys if not key.private]
    if not facts.host_keys and not SERVERS & set(facts.packages):
        yield holds(EXPECTED, "does not apply: there is no sshd")
    elif not facts.host_keys:
        yield fails(EXPECTED, "none", "sshd has no host keys: it cannot start", hint="nothing in the image makes them")
    elif shared:
        message = f"host key {shared[0].name} is in the sealed image: all clones would share it"
        yield fails(EXPECTED, f"{shared[0].fingerprint} is baked", message, hint="generalize with ssh-hostkeys")
    elif open_keys:
        yield fails(EXPECTED, ", ".join(open_keys), f"{open_keys[0]} is missing or can be read by others")
    elif any(key.fingerprint is None for key in facts.host_keys):
        yield unproven(EXPECTED, "a host key has no readable public half")
    else:
        yield holds(EXPECTED, f"{len(facts.host_keys)} new keys")
