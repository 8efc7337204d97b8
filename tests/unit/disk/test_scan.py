"""Every place of every pattern in a sparse raw file, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldsmith.disk import scan as scanning
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.scan import CHUNK, Hit, scan, scan_raw
from goldsmith.errors import InputError
from goldsmith.events import Event, Progress

from .conftest import gpt

MIB = 1 << 20


def sparse(path: Path, size: int, *pieces: tuple[int, bytes]) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
        for offset, data in pieces:
            file.seek(offset)
            file.write(data)
    return path


def test_every_place_of_every_pattern(tmp_path: Path) -> None:
    raw = sparse(
        tmp_path / "raw", 64 * MIB, (0, b"token"), (5, b"other"), (40 * MIB, b"xtoken"), (64 * MIB - 5, b"token")
    )
    assert scan_raw(raw, {"a": b"token", "b": b"other", "c": b"absent"}) == [
        Hit(0, "a", 0),
        Hit(5, "b", 0),
        Hit(40 * MIB + 1, "a", 0),
        Hit(64 * MIB - 5, "a", 0),
    ]


@pytest.mark.parametrize("before", range(1, 6))
def test_a_pattern_across_chunks_is_found_once(tmp_path: Path, before: int) -> None:
    raw = sparse(tmp_path / "raw", CHUNK + MIB, (0, b"." * (CHUNK + MIB)), (CHUNK - before, b"secret"))
    assert scan_raw(raw, {"a": b"secret", "b": b"a much longer pattern"}) == [Hit(CHUNK - before, "a", 0)]


def test_patterns_within_each_other_are_all_found(tmp_path: Path) -> None:
    raw = sparse(tmp_path / "raw", MIB, (4096, b"aaaaab"))
    assert [(hit.offset - 4096, hit.name) for hit in scan_raw(raw, {"a": b"aaaa", "b": b"aaaab", "c": b"aaaaab"})] == [
        (0, "a"),
        (0, "c"),
        (1, "a"),
        (1, "b"),
    ]


def test_the_same_bytes_under_two_names_are_two_hits(tmp_path: Path) -> None:
    raw = sparse(tmp_path / "raw", MIB, (77, b"same"))
    assert scan_raw(raw, {"one": b"same", "two": b"same"}) == [Hit(77, "one", 0), Hit(77, "two", 0)]


def test_a_pattern_may_reach_into_a_hole(tmp_path: Path) -> None:
    raw = sparse(tmp_path / "raw", MIB, (64 * 1024 - 3, b"end"), (128 * 1024, b"start"))
    assert scan_raw(raw, {"a": b"end\0\0\0", "b": b"\0\0start"}) == [
        Hit(64 * 1024 - 3, "a", 0),
        Hit(128 * 1024 - 2, "b", 0),
    ]


def test_hits_name_their_partition(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.write_bytes(gpt(8 * MIB, [(1, 2048, 4095, "one"), (14, 4096, 8191, "two")]))
    with raw.open("r+b") as file:
        for offset in (MIB - 8, MIB, 2 * MIB - 5, 2 * MIB, 5 * MIB):
            file.seek(offset)
            file.write(b"token")
    assert [hit.partition for hit in scan_raw(raw, {"a": b"token"})] == [None, 1, 1, 14, None]


def test_a_damaged_table_places_nothing(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.write_bytes(gpt(8 * MIB, [(1, 2048, 1 << 40, "one")]))
    with raw.open("r+b") as file:
        file.seek(MIB)
        file.write(b"token")
    assert scan_raw(raw, {"a": b"token"}) == [Hit(MIB, "a", None)]


def test_hits_are_bounded_for_each_pattern(tmp_path: Path) -> None:
    raw = sparse(tmp_path / "raw", MIB, (0, b"abcd" * 1000), (900_000, b"rare"))
    hits = scan_raw(raw, {"often": b"abcd", "seldom": b"rare"}, limit=3)
    assert [(hit.offset, hit.name) for hit in hits] == [(0, "often"), (4, "often"), (8, "often"), (900_000, "seldom")]


def test_no_patterns_have_no_hits(tmp_path: Path) -> None:
    assert scan_raw(sparse(tmp_path / "raw", MIB, (0, b"data")), {}) == []


@pytest.mark.parametrize(
    ("pattern", "message"), [(b"abc", "3 bytes"), (b"", "0 bytes"), (bytes(8), "nothing but zeros")]
)
def test_patterns_that_stand_everywhere_are_refused(tmp_path: Path, pattern: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        scan_raw(sparse(tmp_path / "raw", MIB), {"a": pattern})


def test_a_disk_that_is_missing_is_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        scan_raw(tmp_path / "none", {"a": b"token"})


def test_a_raw_disk_is_read_where_it_lies(tmp_path: Path) -> None:
    raw = sparse(tmp_path / "raw", MIB, (7, b"token"))
    (tmp_path / "scratch").mkdir()
    events: list[Event] = []
    disk = Disk(raw, DiskFormat.RAW, MIB)
    assert scan(disk, {"a": b"token"}, scratch=tmp_path / "scratch", emit=events.append) == [Hit(7, "a", 0)]
    assert events[-1] == Progress("scan", MIB, MIB)


def test_a_hole_of_a_terabyte_costs_nothing(tmp_path: Path) -> None:
    raw = sparse(tmp_path / "raw", 1 << 40, (1 << 39, b"token"))
    assert scan_raw(raw, {"a": b"token"}) == [Hit(1 << 39, "a", 0)]


@settings(deadline=None)
@given(
    pieces=st.lists(st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=12)), max_size=8),
    patterns=st.lists(st.binary(min_size=4, max_size=9).filter(any), min_size=1, max_size=4),
    chunk=st.integers(1, 40),
)
def test_same_as_a_look_at_every_byte(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[int, bytes]], patterns: list[bytes], chunk: int
) -> None:
    """Chunks as small as a byte, so that patterns lie across any number of them; pieces from a small alphabet."""
    words = {str(number): bytes(each % 3 + 97 for each in pattern) for number, pattern in enumerate(patterns)}
    raw = sparse(
        tmp_path_factory.getbasetemp() / "scanned",
        80,
        *((at, bytes(each % 3 + 97 for each in data)) for at, data in pieces),
    )
    data = raw.read_bytes()
    expected = [
        Hit(at, name, 0) for at in range(len(data)) for name in sorted(words) if data.startswith(words[name], at)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "CHUNK", chunk)
        assert scan_raw(raw, words) == expected
    raw.unlink()
