"""What compression and layers hide from a search in the file is found in the disk that they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith.disk import qemu_img
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.qemu_img import Compression
from goldsmith.disk.scan import Hit, scan
from goldsmith.errors import HostError

from .conftest import MIB, count

pytestmark = pytest.mark.process
WORD = b"CANARY of compression"


@pytest.fixture
def packed(tmp_path: Path) -> Disk:
    raw = tmp_path / "raw"
    with raw.open("wb") as file:
        file.write(b"some text\n" * 100_000)
        file.seek(20 * MIB - 3)
        file.write(WORD)
        file.truncate(64 * MIB)
    disk = Disk(raw, DiskFormat.RAW, 64 * MIB)
    return qemu_img.convert(disk, tmp_path / "packed", DiskFormat.QCOW2, compression=Compression.ZSTD)


def test_a_compressed_disk_is_decoded(packed: Disk, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    assert count(packed.path, WORD) == 0
    assert scan(packed, {"word": WORD}, scratch=tmp_path / "scratch") == [Hit(20 * MIB - 3, "word", 0)]
    assert list((tmp_path / "scratch").iterdir()) == []


def test_an_overlay_is_searched_with_what_it_lies_on(packed: Disk, tmp_path: Path) -> None:
    overlay = qemu_img.create_overlay(tmp_path / "overlay", packed)
    assert [hit.offset for hit in scan(overlay, {"word": WORD}, scratch=tmp_path)] == [20 * MIB - 3]


@pytest.mark.root
def test_full_scratch_is_a_host_error_and_leaves_nothing(small_folder: Path, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(bytes(range(1, 256)) * (4 * MIB // 255) + bytes(100))
    disk = qemu_img.convert(Disk(big, DiskFormat.RAW, big.stat().st_size), tmp_path / "other", DiskFormat.QCOW2)
    with pytest.raises(HostError, match="no space left"):
        scan(disk, {"word": WORD}, scratch=small_folder)
    assert list(small_folder.iterdir()) == []
