"""qemu-img behind its wrapper: what it makes is what the header reader takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith.disk import header, qemu_img
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.qemu_img import Compression
from goldsmith.errors import HostError, InputError, ProcessError, TrustError

pytestmark = pytest.mark.process
MIB = 1 << 20


@pytest.fixture
def raw(tmp_path: Path) -> Disk:
    path = tmp_path / "odd name: with, commas?.raw"
    with path.open("wb") as file:
        file.write(b"\xeb\x63\x90" + bytes(range(256)) * 4096)
        file.truncate(64 * MIB)
    return Disk(path, DiskFormat.RAW, 64 * MIB)


@pytest.mark.parametrize("compression", list(Compression))
def test_conversion_round_trip(raw: Disk, tmp_path: Path, compression: Compression) -> None:
    seen: list[float] = []
    packed = qemu_img.convert(
        raw, tmp_path / "packed.qcow2", DiskFormat.QCOW2, compression=compression, on_progress=seen.append
    )
    qemu_img.check(packed)
    assert header.inspect(packed.path, packed.format) == raw.virtual_size
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    unpacked = qemu_img.convert(packed, tmp_path / "unpacked.raw", DiskFormat.RAW)
    assert unpacked.path.read_bytes() == raw.path.read_bytes()
    assert unpacked.path.stat().st_blocks * 512 < 2 * MIB


def test_overlay_states_its_backing_file_and_format(raw: Disk, tmp_path: Path) -> None:
    overlay = qemu_img.create_overlay(tmp_path / "overlay.qcow2", raw, 100 * MIB)
    assert overlay == Disk(tmp_path / "overlay.qcow2", DiskFormat.QCOW2, 100 * MIB, raw)
    assert header.inspect(overlay.path, overlay.format, backing=raw.path) == 100 * MIB
    with pytest.raises(TrustError):
        header.inspect(overlay.path, overlay.format)


def test_overlay_of_an_overlay(raw: Disk, tmp_path: Path) -> None:
    first = qemu_img.create_overlay(tmp_path / "first.qcow2", raw)
    second = qemu_img.create_overlay(tmp_path / "second.qcow2", first)
    assert header.inspect(second.path, second.format, backing=first.path) == raw.virtual_size
    flat = qemu_img.convert(second, tmp_path / "flat.raw", DiskFormat.RAW)
    assert flat.path.read_bytes() == raw.path.read_bytes()


def test_a_disk_never_shrinks(raw: Disk, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="smaller than its base"):
        qemu_img.create_overlay(tmp_path / "overlay.qcow2", raw, MIB)


def test_damaged_qcow2_is_not_clean(raw: Disk, tmp_path: Path) -> None:
    packed = qemu_img.convert(raw, tmp_path / "packed.qcow2", DiskFormat.QCOW2)
    data = bytearray(packed.path.read_bytes())
    refcount_table = int.from_bytes(data[48:56], "big")
    block = int.from_bytes(data[refcount_table : refcount_table + 8], "big")
    data[block : block + 64] = bytes(64)
    packed.path.write_bytes(data)
    with pytest.raises(ProcessError, match="checking"):
        qemu_img.check(packed)


def test_truncated_copy_is_refused_before_qemu_sees_it(raw: Disk, tmp_path: Path) -> None:
    packed = qemu_img.convert(raw, tmp_path / "packed.qcow2", DiskFormat.QCOW2, compression=Compression.ZSTD)
    data = packed.path.read_bytes()
    for length in (len(data) - 512, len(data) // 2, 600):
        packed.path.write_bytes(data[:length])
        with pytest.raises(InputError, match="truncated"):
            header.inspect(packed.path, packed.format)


@pytest.mark.root
def test_full_disk_is_a_host_error(raw: Disk, small_folder: Path) -> None:
    raw.path.write_bytes(bytes(range(1, 256)) * (8 * MIB // 255))
    for target in (DiskFormat.RAW, DiskFormat.QCOW2):
        with pytest.raises(HostError, match="no space left"):
            qemu_img.convert(raw, small_folder / "big", target, on_progress=lambda _: None)
        (small_folder / "big").unlink(missing_ok=True)


def test_folder_that_is_not_there(raw: Disk, tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="making the overlay"):
        qemu_img.create_overlay(tmp_path / "missing" / "overlay.qcow2", raw)
