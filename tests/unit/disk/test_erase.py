"""Erasing: what is not zero becomes zero, and nothing else is touched, holes least of all."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldsmith.disk.erase import erase, is_blank

LENGTH = 40_000


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, LENGTH), st.integers(0, LENGTH))
def test_exactly_the_stretch_is_zero_after(tmp_path: Path, offset: int, length: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\xff" * LENGTH)
    descriptor = os.open(path, os.O_RDWR)
    try:
        erase(descriptor, offset, length)
        assert is_blank(descriptor, offset, length)
    finally:
        os.close(descriptor)
    end = min(LENGTH, offset + length)
    assert path.read_bytes() == b"\xff" * offset + b"\0" * (end - offset) + b"\xff" * (LENGTH - max(end, offset))


def test_holes_stay_holes(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.seek(64 << 20)
        file.write(b"data")
    before = path.stat().st_blocks
    descriptor = os.open(path, os.O_RDWR)
    try:
        assert not is_blank(descriptor, 0, 65 << 20)
        assert erase(descriptor, 0, 65 << 20) == 4
        assert erase(descriptor, 0, 65 << 20) == 0
    finally:
        os.close(descriptor)
    assert path.stat().st_blocks == before
