from __future__ import annotations

import os
from dataclasses import replace

import pytest

from goldsmith.machine.drivers.libvirt_owner import Owner, started_at


def test_it_is_told_and_read_again() -> None:
    me = Owner.this_process()
    assert Owner.parse(str(me)) == me
    assert not me.is_dead()


@pytest.mark.parametrize("text", ["", "1 2", "1 2 x", "1 2 3 4", "-1 2 3"])
def test_other_words_are_no_owner(text: str) -> None:
    assert Owner.parse(text) is None


def test_a_process_that_has_its_number_by_chance_is_another() -> None:
    me = Owner.this_process()
    assert replace(me, started=me.started + 1).is_dead()


def test_nobody_is_dead_who_cannot_be_seen_from_here() -> None:
    me = Owner.this_process()
    assert not replace(me, started=me.started + 1, namespace=me.namespace + 1).is_dead()


def test_a_process_that_has_ended_has_no_start() -> None:
    assert started_at(os.getpid()) is not None
    assert started_at(1 << 22) is None
