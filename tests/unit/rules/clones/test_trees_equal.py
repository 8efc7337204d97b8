"""GS508 compares all clones of each kind, and only those of one kind. On copies of recorded evidence."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from goldsmith.rules.evidence import Evidence
from goldsmith.rules.rule import Verdict
from goldsmith.verification.verify import judge_evidence

RECORDED = Path(__file__).parents[2] / "verification" / "recorded-matrix.json"
Document = dict[str, Any]
Clone = dict[str, Any]
NO_SEED, USER_DATA = 0, 2
MOTD = {"path": "/etc/motd", "state": "regular 0644 0:0 sha256 0011223344556677"}


def clone_of(number: int, *, hardware: bool, odd: bool = False) -> Clone:
    """A copy of a recorded clone, as a machine or as a rehearsal; one that is odd has a file that others lack."""
    made: Clone = copy.deepcopy(json.loads(RECORDED.read_text(encoding="utf-8"))["clones"][number])
    made.update(hardware=hardware, driver="qemu" if hardware else "container", again=None)
    if odd:
        made["facts"]["system"]["changes"].append(MOTD)
    return made


def judged(*clones: Clone) -> list[tuple[str, Verdict, str]]:
    document: Document = json.loads(RECORDED.read_text(encoding="utf-8"))
    document["clones"] = [{**each, "name": f"clone-{number}"} for number, each in enumerate(clones, 1)]
    outcomes = judge_evidence(Evidence.from_json(document))
    return [(each.subject, each.verdict, each.message) for each in outcomes if each.rule == "GS508"]


def test_machines_are_compared_however_many_rehearsals_there_are() -> None:
    machines = clone_of(NO_SEED, hardware=True), clone_of(NO_SEED, hardware=True, odd=True)
    rehearsed = [clone_of(NO_SEED, hardware=False) for _ in range(3)]
    (first, second) = judged(*machines, *rehearsed)
    assert first[:2] == ("clones: machines", Verdict.FAIL)
    assert "clone-1 and clone-2 differ: /etc/motd" in first[2]
    assert second == ("clones: rehearsals", Verdict.PASS, "")


def test_clones_with_user_data_are_compared_but_for_the_key_that_each_has() -> None:
    def with_key(content: str, *, odd: bool = False) -> Clone:
        made = clone_of(USER_DATA, hardware=False, odd=odd)
        path = f"/home/{made['probe']['user']}/.ssh/authorized_keys"
        changes = made["facts"]["system"]["changes"]
        made["facts"]["system"]["changes"] = [
            *(each for each in changes if each["path"] != path),
            {"path": path, "state": content},
        ]
        return made

    assert judged(with_key("one"), with_key("two")) == [("clones", Verdict.PASS, "")]
    ((subject, verdict, message),) = judged(with_key("one"), with_key("two", odd=True))
    assert (subject, verdict) == ("clones", Verdict.FAIL)
    assert "/etc/motd" in message


def test_each_kind_is_named_where_there_are_several() -> None:
    def pair(number: int, *, hardware: bool) -> list[Clone]:
        return [clone_of(number, hardware=hardware) for _ in range(2)]

    kinds = [*pair(NO_SEED, hardware=True), *pair(NO_SEED, hardware=False), *pair(USER_DATA, hardware=False)]
    assert [each[0] for each in judged(*kinds)] == [
        "clones: machines",
        "clones: rehearsals with user-data",
        "clones: rehearsals",
    ]


@pytest.mark.parametrize("hardware", [True, False])
def test_clones_that_are_one_of_a_kind_are_not_compared(*, hardware: bool) -> None:
    alone = clone_of(NO_SEED, hardware=hardware), clone_of(USER_DATA, hardware=hardware, odd=True)
    assert judged(*alone) == [("clones", Verdict.PASS, "")]


def test_one_that_stalled_leaves_its_kind_unproven() -> None:
    stalled = {**clone_of(NO_SEED, hardware=True), "ready": False, "problem": "no progress"}
    told = judged(clone_of(NO_SEED, hardware=True), stalled, *[clone_of(NO_SEED, hardware=False) for _ in range(2)])
    assert told == [
        ("clones: machines", Verdict.UNPROVEN, "1 of 2 clones ended cleanly: nothing to compare"),
        ("clones: rehearsals", Verdict.PASS, ""),
    ]
    assert judged(stalled) == [("clones", Verdict.UNPROVEN, "0 of 1 clones ended cleanly: nothing to compare")]
