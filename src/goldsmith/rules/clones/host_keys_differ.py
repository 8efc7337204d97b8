"""GS502: no two clones share an SSH host key."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import Evidence
from goldsmith.rules.evidence_rule import Booted, Judgment, clones_rule, differing


@clones_rule("GS502", "host-keys-differ", why="Keys that are made from a shared state are equal, though made at boot.")
def host_keys_differ(evidence: Evidence) -> Iterator[Judgment]:
    yield from differing(evidence, "different host keys in each clone", _fingerprints)


def _fingerprints(booted: Booted) -> frozenset[str]:
    return frozenset(key.fingerprint for key in booted.facts.host_keys if key.fingerprint is not None)
