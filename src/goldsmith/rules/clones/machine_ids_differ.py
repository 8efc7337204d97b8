"""GS501: no two clones have the same machine-id."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import Evidence
from goldsmith.rules.evidence_rule import Booted, Judgment, clones_rule, differing, unproven

EXPECTED = "a different machine-id in each clone"


@clones_rule("GS501", "machine-ids-differ", why="Only two clones can show that something is not shared.")
def machine_ids_differ(evidence: Evidence) -> Iterator[Judgment]:
    uuids = {clone.booted_uuid for clone in evidence.clones}
    if len(uuids) < len(evidence.clones):
        # systemd takes it from the SMBIOS UUID on some hypervisors.
        yield unproven(EXPECTED, "two machines were given the same SMBIOS UUID")
        return
    yield from differing(evidence, EXPECTED, _machine_id)


def _machine_id(booted: Booted) -> frozenset[str]:
    return frozenset({booted.facts.machine_id} if booted.facts.machine_id else ())
