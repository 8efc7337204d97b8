from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from goldsmith.cloudinit.analyze import Span
from goldsmith.machine.options import MachineOptions
from goldsmith.rules.circumstances import Circumstances
from goldsmith.rules.evidence import CloneEvidence, Evidence, Passage
from goldsmith.verification.verification import Verification
from goldsmith.verification.verify import judge_evidence

RECORDED = Path(__file__).parents[1] / "recorded-evidence.json"
CHAIN = RECORDED.with_name("recorded-chain.json")


@pytest.fixture(scope="session")
def recorded() -> Evidence:
    evidence = Evidence.from_json(json.loads(RECORDED.read_text(encoding="utf-8")))
    circumstances = Circumstances(
        created="2026-11-24T07:00:00+00:00",
        goldsmith="0.1",
        kvm=False,
        why="KVM: no device; using emulation",
        speed=0.2,
        size=451_936_256,
        image="debian12-base:1.0",
        again=("debian12-base:1.0", "--recipe", "my recipe.yaml"),
    )
    return replace(evidence, circumstances=circumstances)


@pytest.fixture(scope="session")
def proven(recorded: Evidence) -> Verification:
    return Verification(recorded, judge_evidence(recorded))


@pytest.fixture(scope="session")
def broken(recorded: Evidence) -> Verification:
    """The first clone is as it was; the second has the wrong packages; the third stalled, in a rehearsal."""
    first, second = recorded.clones
    assert second.facts is not None
    other = replace(second, facts=replace(second.facts, packages=second.facts.packages[5:]))
    stalled = replace(
        second,
        name="clone-3",
        driver="container",
        hardware=False,
        ready=False,
        problem="no progress for 120 s",
        milestones=second.milestones[:6],
    )
    first = replace(first, machine=MachineOptions(memory=2048, machine="q35", tpm=True))
    evidence = replace(recorded, clones=(first, other, stalled))
    return Verification(evidence, judge_evidence(evidence))


@pytest.fixture(scope="session")
def analyzed(recorded: Evidence) -> CloneEvidence:
    """A boot under emulation whose cloud-init.log was read: its milestones, and what cloud-init itself took."""
    document = json.loads(CHAIN.read_text(encoding="utf-8"))
    clone = recorded.clones[0]
    assert clone.facts is not None
    return replace(
        clone,
        seconds=document["seconds"],
        milestones=tuple(Passage(**each) for each in document["milestones"]),
        facts=replace(clone.facts, analyzed=tuple(Span(**each) for each in document["analyzed"])),
    )
