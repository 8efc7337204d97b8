"""GS503: no two clones keep the same random seed, and none keeps the image's."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import Evidence
from goldsmith.rules.evidence_rule import Booted, Judgment, booted, clones_rule, differing, fails

EXPECTED = "a different random seed in each clone"


@clones_rule("GS503", "random-seeds-differ", why="A shared seed feeds the same bytes to the entropy of each clone.")
def random_seeds_differ(evidence: Evidence) -> Iterator[Judgment]:
    if evidence.sealed.random_seed is not None and booted(evidence):
        message = "a random seed was sealed into the image: every clone starts with it"
        yield fails(EXPECTED, "a seed is in the sealed image", message, hint="generalize with random-seed")
        return
    # systemd saves none in a container.
    yield from differing(evidence, EXPECTED, _seed, may_lack=lambda each: not each.clone.hardware)


def _seed(booted: Booted) -> frozenset[str]:
    return frozenset({booted.facts.random_seed} if booted.facts.random_seed else ())
