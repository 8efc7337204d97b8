"""The timeline's geometry: whatever was recorded, it can be drawn and read."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from goldsmith.machine.milestones import Milestone
from goldsmith.rules.evidence import CloneEvidence, Evidence, Passage
from goldsmith.verification.report.timeline import LEFT, ROW, TICKS_AT_MOST, WIDTH, starts, timeline
from goldsmith.verification.verification import Verification

RECORDED = Path(__file__).parents[1] / "recorded-evidence.json"
CLONE = Evidence.from_json(json.loads(RECORDED.read_text(encoding="utf-8"))).clones[0]
anything = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 1e6)
passages = st.lists(
    st.builds(Passage, st.sampled_from([each.value for each in Milestone]) | st.text(max_size=5), anything), max_size=12
)
clones = st.lists(
    st.builds(lambda passed, seconds: replace(CLONE, milestones=tuple(passed), seconds=seconds), passages, anything),
    max_size=4,
)


@given(clones)
def test_every_number_can_be_drawn_and_lies_in_the_drawing(drawn: list[CloneEvidence]) -> None:
    made = timeline(drawn)
    bars = [bar for group in made.groups for bar in group.bars]
    assert all(math.isfinite(number) for bar in bars for number in (bar.x, bar.y, bar.width, bar.start, bar.seconds))
    assert all(bar.x >= LEFT and bar.width > 0 and bar.x + bar.width <= WIDTH for bar in bars)
    assert all(0 <= bar.y <= made.bottom - ROW for bar in bars)


@given(clones)
def test_no_two_rows_overlap_and_time_goes_on_in_each_group(drawn: list[CloneEvidence]) -> None:
    made = timeline(drawn)
    rows = sorted([group.y for group in made.groups] + [bar.y for group in made.groups for bar in group.bars])
    assert all(below - above >= ROW for above, below in pairwise(rows))
    for group in made.groups:
        assert [bar.start for bar in group.bars] == sorted(bar.start for bar in group.bars)


@given(clones)
def test_labels_of_the_axis_have_room(drawn: list[CloneEvidence]) -> None:
    ticks = timeline(drawn).ticks
    assert 1 <= len(ticks) <= TICKS_AT_MOST + 1
    assert all(right.x - left.x >= 40 for left, right in pairwise(ticks))


def test_the_recorded_boots_are_drawn_with_their_numbers(proven: Verification) -> None:
    made = timeline(proven.clones)
    assert [group.title for group in made.groups] == ["clone-1", "clone-2"]
    assert [bar.name for bar in made.groups[0].bars] == [passage.name for passage in proven.clones[0].milestones]
    assert [tick.label for tick in made.ticks][:3] == ["0 s", "20 s", "40 s"]


def test_a_second_start_has_its_own_group(proven: Verification) -> None:
    clone = proven.clones[0]
    again = replace(clone, again=replace(clone, seconds=60.0))
    assert [title for title, _ in starts(again)] == ["clone-1", "clone-1, start 2"]
    assert [group.title for group in timeline([again]).groups] == ["clone-1", "clone-1, start 2"]


def test_what_was_never_booted_is_an_empty_drawing() -> None:
    assert timeline([]).groups == ()
