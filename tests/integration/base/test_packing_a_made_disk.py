"""The last part of a bootstrap takes half a minute on a slow host: it is seen to move."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from goldsmith.base.bootstrap.make import _packed
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.events import Event, Progress

pytestmark = pytest.mark.process
SIZE = 8 << 20


def test_packing_says_how_far_it_is(tmp_path: Path) -> None:
    raw = tmp_path / "disk.raw"
    raw.write_bytes(os.urandom(SIZE))
    said: list[Event] = []
    packed = _packed(Disk(raw, DiskFormat.RAW, SIZE), tmp_path / "disk.qcow2", said.append)
    moved = [event for event in said if isinstance(event, Progress)]
    assert {(event.step, event.total, event.unit) for event in moved} == {("base", SIZE, "B")}
    assert [event.done for event in moved] == sorted(event.done for event in moved)
    assert moved[-1].done == SIZE
    assert packed.path.read_bytes()[:4] == b"QFI\xfb"
