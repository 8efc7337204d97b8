"""The header reader: what it takes, and everything it refuses before QEMU sees the file."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldsmith.disk.disk import DiskFormat
from goldsmith.disk.header import BACKING_FORMAT, DATA_FILE, DATA_FILE_NAME, ENCRYPTION, inspect
from goldsmith.disk.magic import FOOTERS, MAGICS
from goldsmith.errors import GoldsmithError, InputError, TrustError

from .conftest import CLUSTER, MakeQcow2, qcow2_bytes

QCOW2, RAW = DiskFormat.QCOW2, DiskFormat.RAW
RAW_FORMAT = (BACKING_FORMAT, b"raw")


@pytest.mark.parametrize("version", [2, 3])
def test_virtual_size_of_a_qcow2(make_qcow2: MakeQcow2, version: int) -> None:
    assert inspect(make_qcow2(version=version, virtual_size=123 << 20), QCOW2) == 123 << 20


def test_virtual_size_of_a_raw_disk_is_its_length_in_whole_sectors(tmp_path: Path) -> None:
    disk = tmp_path / "disk.raw"
    disk.write_bytes(b"\xeb\x63\x90" + b"\0" * 1000)
    assert inspect(disk, RAW) == 1024


def test_own_backing_file_is_taken(make_qcow2: MakeQcow2, tmp_path: Path) -> None:
    base = tmp_path / "base.raw"
    overlay = make_qcow2(backing=os.fsencode(base), extensions=[RAW_FORMAT])
    assert inspect(overlay, QCOW2, backing=base) == 1 << 30


@pytest.mark.parametrize("name", [b"/etc/shadow", b"base.qcow2", b"../base.qcow2", b'json:{"driver":"file"}', b"nbd:x"])
def test_foreign_backing_file_is_refused(make_qcow2: MakeQcow2, name: bytes) -> None:
    with pytest.raises(TrustError, match="has the backing file"):
        inspect(make_qcow2(backing=name, extensions=[RAW_FORMAT]), QCOW2)


@pytest.mark.parametrize("name", [b"/etc/shadow", b"base.raw", b'json:{"driver":"file"}', b"nbd:x"])
def test_another_backing_file_than_ours_is_refused(make_qcow2: MakeQcow2, tmp_path: Path, name: bytes) -> None:
    with pytest.raises(TrustError, match="lies on"):
        inspect(make_qcow2(backing=name, extensions=[RAW_FORMAT]), QCOW2, backing=tmp_path / "base.raw")


@pytest.mark.parametrize("extensions", [[], [(BACKING_FORMAT, b"vmdk")]])
def test_backing_file_without_a_format_of_ours_is_refused(
    make_qcow2: MakeQcow2, tmp_path: Path, extensions: list[tuple[int, bytes]]
) -> None:
    base = tmp_path / "base.raw"
    with pytest.raises(TrustError, match="does not state the format"):
        inspect(make_qcow2(backing=os.fsencode(base), extensions=extensions), QCOW2, backing=base)


def test_overlay_that_lies_on_nothing_is_refused(make_qcow2: MakeQcow2, tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="does not lie on"):
        inspect(make_qcow2(), QCOW2, backing=tmp_path / "base.raw")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"features": DATA_FILE}, "another file"),
        ({"extensions": [(DATA_FILE_NAME, b"/etc/shadow")]}, "another file /etc/shadow"),
        ({"features": DATA_FILE, "extensions": [(DATA_FILE_NAME, b"json:{}\x1b[2J")]}, r"json:\{\}\\x1b\[2J"),
        ({"encryption": 1}, "encrypted"),
        ({"encryption": 2}, "encrypted"),
        ({"extensions": [(ENCRYPTION, b"\0" * 16)]}, "encrypted"),
    ],
)
def test_data_files_and_encryption_are_refused(make_qcow2: MakeQcow2, fields: dict[str, object], said: str) -> None:
    with pytest.raises(TrustError, match=said):
        inspect(make_qcow2(**fields), QCOW2)


@pytest.mark.parametrize(
    "fields",
    [
        {"features": 1 << 5},
        {"features": 2},
        {"version": 1},
        {"version": 4},
        {"cluster_bits": 8},
        {"cluster_bits": 22},
        {"virtual_size": 0},
        {"virtual_size": 1 << 63},
        {"virtual_size": 1 << 40},  # more than its L1 table covers
        {"l1_offset": 5},
        {"extensions": [(1, b"x" * (CLUSTER - 200))], "backing": b"x" * 600},
    ],
)
def test_impossible_headers_are_input_errors(make_qcow2: MakeQcow2, fields: dict[str, object]) -> None:
    with pytest.raises(InputError):
        inspect(make_qcow2(**fields), QCOW2)


@pytest.mark.parametrize("length", [3, 10, 72, 104, 1000, CLUSTER, 3 * CLUSTER, 4 * CLUSTER, 5 * CLUSTER])
def test_truncated_qcow2_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "short.qcow2"
    path.write_bytes(qcow2_bytes(l2=[1 << 63 | 5 * CLUSTER])[:length])
    with pytest.raises(InputError, match="truncated" if length > 3 else "not a qcow2"):
        inspect(path, QCOW2)


def test_compressed_cluster_beyond_the_end_is_seen(make_qcow2: MakeQcow2) -> None:
    compressed = 1 << 62 | 3 << 54  # four sectors
    assert inspect(make_qcow2(l2=[compressed | 6 * CLUSTER - 2048]), QCOW2) == 1 << 30
    with pytest.raises(InputError, match="truncated"):
        inspect(make_qcow2(l2=[compressed | 6 * CLUSTER - 1024]), QCOW2)


@pytest.mark.parametrize(("offset", "magic", "name"), MAGICS)
def test_raw_that_begins_like_another_format_is_refused(tmp_path: Path, offset: int, magic: bytes, name: str) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes((b"\0" * offset + magic).ljust(1 << 16, b"\0"))
    with pytest.raises(TrustError, match="stated to be raw") as caught:
        inspect(path, RAW)
    assert name in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(("magic", "name"), FOOTERS)
def test_raw_that_ends_like_another_format_is_refused(tmp_path: Path, magic: bytes, name: str) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"\0" * 4096 + magic.ljust(512, b"\0"))
    with pytest.raises(TrustError, match=f"ends like {re.escape(name)}"):
        inspect(path, RAW)


@pytest.mark.parametrize("stated", [QCOW2, RAW])
@pytest.mark.parametrize("text", ["short\n", "a text of several lines\n" * 100, "ä" * 600, "x" + "ä" * 600])
def test_text_file_is_named_as_such(tmp_path: Path, stated: DiskFormat, text: str) -> None:
    path = tmp_path / "image"
    path.write_text(text)
    with pytest.raises(InputError, match="text file") as raised:
        inspect(path, stated)
    assert str(raised.value.hint).startswith("look into it: ")


@pytest.mark.parametrize("stated", [QCOW2, RAW])
def test_a_page_that_a_server_sent_instead_of_an_image_is_named_as_such(tmp_path: Path, stated: DiskFormat) -> None:
    path = tmp_path / "image"
    path.write_text("\n<!DOCTYPE HTML><title>404 Not Found</title>\n")
    with pytest.raises(InputError, match="is a text file, a web page") as raised:
        inspect(path, stated)
    assert "format: raw" not in str(raised.value.hint)


@pytest.mark.parametrize("stated", [QCOW2, RAW])
def test_missing_empty_folder_and_fifo(tmp_path: Path, stated: DiskFormat) -> None:
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "fifo")
    for name, said in {
        "missing": "does not exist",
        "empty": "is empty",
        "fifo": "no regular file",
        ".": "a directory",
    }.items():
        with pytest.raises(InputError, match=said):
            inspect(tmp_path / name, stated)


def test_wrong_stated_format_comes_with_the_right_one(make_qcow2: MakeQcow2, tmp_path: Path) -> None:
    with pytest.raises(TrustError) as stated_raw:
        inspect(make_qcow2(), RAW)
    assert "format: qcow2" in (stated_raw.value.hint or "")
    raw = tmp_path / "disk.raw"
    raw.write_bytes(b"\xeb\x63\x90" + b"\0" * 1021)
    with pytest.raises(InputError) as stated_qcow2:
        inspect(raw, QCOW2)
    assert "format: raw" in (stated_qcow2.value.hint or "")


quietly = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quietly
@given(
    data=st.binary(max_size=2048),
    stated=st.sampled_from(list(DiskFormat)),
    start=st.sampled_from([b"", b"QFI\xfb\0\0\0\3"]),
)
def test_no_bytes_raise_anything_but_our_errors(tmp_path: Path, data: bytes, stated: DiskFormat, start: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(start + data)
    with suppress(GoldsmithError):
        assert inspect(path, stated) > 0


@quietly
@given(at=st.integers(0, 200), value=st.binary(min_size=1, max_size=8), table=st.lists(st.integers(0, (1 << 64) - 1)))
def test_no_field_raises_anything_but_our_errors(tmp_path: Path, at: int, value: bytes, table: list[int]) -> None:
    image = bytearray(qcow2_bytes(l2=table[:1000], backing=b"/x", extensions=[RAW_FORMAT]))
    image[at : at + len(value)] = value
    path = tmp_path / "any.qcow2"
    path.write_bytes(image)
    with suppress(GoldsmithError):
        assert inspect(path, QCOW2, backing=Path("/x")) > 0
