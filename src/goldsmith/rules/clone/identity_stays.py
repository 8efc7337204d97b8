"""GS443: machine-id and SSH host keys of a clone stay when it is started a second time."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence_rule import Judgment, again_rule, fails, holds
from goldsmith.rules.facts import Facts

EXPECTED = "the same machine-id and host keys"


@again_rule("GS443", "identity-stays", why="Clients refuse a machine whose keys change; leases and logs lose theirs.")
def identity_stays(first: Facts, again: Facts) -> Iterator[Judgment]:
    before, after = ({key.name: key.fingerprint for key in facts.host_keys} for facts in (first, again))
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if first.machine_id != again.machine_id:
        message = f"machine-id {first.machine_id} became {again.machine_id} in the second boot"
        yield fails(EXPECTED, again.machine_id or "none", message, hint="/etc/machine-id is not kept by a first boot")
    elif changed:
        yield fails(EXPECTED, ", ".join(changed), f"host key {changed[0]} changed in the second boot")
    else:
        yield holds(EXPECTED, f"machine-id {again.machine_id}, {len(after)} host keys")
