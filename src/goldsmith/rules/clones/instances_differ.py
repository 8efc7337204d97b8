"""GS504: clones that were given instances of their own became them."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.datasource import Seed
from goldsmith.rules.evidence import Evidence
from goldsmith.rules.evidence_rule import Booted, Judgment, clones_rule, differing

EXPECTED = "a different instance-id in each clone that was given one"


@clones_rule("GS504", "instances-differ", why="Clones that are one instance share what cloud-init does once for each.")
def instances_differ(evidence: Evidence) -> Iterator[Judgment]:
    yield from differing(evidence, EXPECTED, _instance, may_lack=lambda _: True)


def _instance(booted: Booted) -> frozenset[str]:
    # Without a seed all are iid-datasource-none, by design.
    own = booted.clone.seed is not Seed.NONE and booted.facts.instance_id
    return frozenset({booted.facts.instance_id} if own and booted.facts.instance_id else ())
