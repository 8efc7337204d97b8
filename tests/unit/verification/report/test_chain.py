"""Where cloud-init's critical chain stands on a boot's time axis, and that it stands nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.cloudinit.analyze import Kind, Span
from goldsmith.rules.evidence import CloneEvidence, Passage
from goldsmith.verification.report.chain import PARTS, chain_of, offset
from goldsmith.verification.report.timeline import LEFT, THIN, WIDTH, starts, timeline

anything = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 200)
names = st.sampled_from(["init-local", "init-network", "modules-final", "modules-final/config-final-message"])


def without(clone: CloneEvidence, *names: str) -> CloneEvidence:
    return replace(clone, milestones=tuple(each for each in clone.milestones if each.name not in names))


def with_spans(clone: CloneEvidence, *analyzed: Span) -> CloneEvidence:
    assert clone.facts is not None
    return replace(clone, facts=replace(clone.facts, analyzed=analyzed))


def test_it_stands_where_the_console_shows_its_last_word(analyzed: CloneEvidence) -> None:
    assert offset(analyzed, analyzed.seconds) == pytest.approx(147.76 - 77.255)


def test_without_a_last_word_no_stage_begins_before_the_console_shows_it(analyzed: CloneEvidence) -> None:
    found = offset(without(analyzed, "finished"), analyzed.seconds)
    assert found == pytest.approx(144.5 - 73.632)
    assert found == pytest.approx(147.76 - 77.255, abs=1)


def test_where_both_know_nothing_it_has_no_place(analyzed: CloneEvidence) -> None:
    stages = ("cloud-init-local", "cloud-init-network", "cloud-init-config", "cloud-init-final")
    assert offset(without(analyzed, "finished", *stages), analyzed.seconds) is None
    assert offset(with_spans(analyzed), analyzed.seconds) is None
    assert offset(replace(analyzed, facts=None), analyzed.seconds) is None


def test_a_clock_that_was_set_and_the_log_of_another_start_give_no_place(analyzed: CloneEvidence) -> None:
    assert analyzed.facts is not None
    spans = analyzed.facts.analyzed
    jumped = [replace(each, start=each.start + (3600 if each.start > 60 else 0)) for each in spans]
    assert offset(with_spans(analyzed, *jumped), analyzed.seconds) is None
    assert offset(replace(without(analyzed, "finished"), seconds=100.0), 100.0) is None


def test_only_the_last_boot_of_a_start_counts(analyzed: CloneEvidence) -> None:
    before = (Passage("finished", 20.0), Passage("cloud-init-final", 15.0))
    again = replace(analyzed, milestones=(*before, *(replace(each, boot=2) for each in analyzed.milestones)))
    assert offset(again, again.seconds) == offset(analyzed, analyzed.seconds)


def test_it_is_drawn_below_the_stages_on_the_same_axis(analyzed: CloneEvidence) -> None:
    (group,) = timeline([analyzed]).groups
    final = next(bar for bar in group.chain if bar.name == "modules-final")
    shown = next(bar for bar in group.bars if bar.name == "cloud-init-final")
    assert final.start == pytest.approx(shown.start, abs=1)
    assert final.x == pytest.approx(shown.x, abs=5)
    assert group.chain[0].y > group.bars[-1].y
    waits = [bar for bar in group.chain if bar.phase == Kind.WAIT.value]
    assert [(bar.name, round(bar.seconds, 1)) for bar in waits] == [
        ("wait for network", 8.5),
        ("wait for network-online", 11.9),
        ("wait for services", 7.2),
    ]


def test_what_has_no_place_is_not_drawn(analyzed: CloneEvidence) -> None:
    (group,) = timeline([replace(analyzed, milestones=())]).groups
    assert group.chain == ()


def test_many_events_are_few_rows(analyzed: CloneEvidence) -> None:
    many = [Span(f"modules-final/{number}", 73.7 + number / 1000, 0.1) for number in range(1000)]
    assert analyzed.facts is not None
    longer = with_spans(analyzed, *analyzed.facts.analyzed, *many)
    assert sum(link.kind is Kind.PART for link in chain_of(longer)) == PARTS
    (group,) = timeline([longer]).groups
    assert len(group.chain) == len(chain_of(longer)) <= 4 + 3 + PARTS


@given(st.data())
def test_whatever_was_recorded_lies_in_the_drawing(analyzed: CloneEvidence, data: st.DataObject) -> None:
    spans = data.draw(st.lists(st.builds(Span, names, anything, anything), max_size=8))
    made = timeline([replace(with_spans(analyzed, *spans), seconds=data.draw(anything)), analyzed])
    bars = [bar for group in made.groups for bar in group.chain]
    assert all(bar.x >= LEFT and bar.width > 0 and bar.x + bar.width <= WIDTH for bar in bars)
    assert all(0 <= bar.y <= made.bottom - THIN for bar in bars)


def test_a_second_start_has_its_own_chain(analyzed: CloneEvidence) -> None:
    again = replace(analyzed, again=with_spans(analyzed))
    assert [bool(chain_of(each)) for _, each in starts(again)] == [True, False]
