"""The partition reader: what the guest's kernel would see, and nothing that lies outside the disk."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldsmith.disk.partitions import Partition, read_partitions
from goldsmith.errors import GoldsmithError, InputError

from .conftest import LINUX_DATA, gpt, mbr

SIZE = 4 << 20


def read(disk: bytes | bytearray) -> tuple[Partition, ...]:
    return read_partitions(io.BytesIO(disk))


@pytest.mark.parametrize("sector", [512, 4096])
def test_gpt_partitions_by_number(sector: int) -> None:
    disk = gpt(SIZE, [(14, 40, 47, "boot"), (1, 100, 199, "röot")], sector=sector)
    assert read(disk) == (
        Partition(1, 100 * sector, 100 * sector, str(LINUX_DATA), "röot"),
        Partition(14, 40 * sector, 8 * sector, str(LINUX_DATA), "boot"),
    )


def test_a_path_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(gpt(SIZE, [(1, 100, 199, "")]))
    assert len(read_partitions(path)) == 1


def test_backup_serves_where_the_first_gpt_is_damaged() -> None:
    disk = gpt(SIZE, [(1, 100, 199, "root")])
    disk[512 + 60] ^= 1
    assert [partition.name for partition in read(disk)] == ["root"]
    disk[SIZE - 512 + 60] ^= 1
    with pytest.raises(InputError, match="no GPT whose checksum holds"):
        read(disk)


def test_gpt_of_a_grown_disk_is_read() -> None:
    assert len(read(gpt(SIZE, [(1, 100, 199, "root")]) + bytes(SIZE))) == 1


def test_gpt_without_a_protective_mbr_does_not_count() -> None:
    disk = gpt(SIZE, [(1, 100, 199, "root")])
    disk[:512] = mbr((0x83, 300, 10))
    assert read(disk) == (Partition(1, 300 * 512, 10 * 512, "83"),)


def test_mbr_with_logical_partitions() -> None:
    disk = bytearray(SIZE)
    disk[:512] = mbr((0x83, 64, 100), (0x05, 1000, 2000), (0x82, 200, 50))
    disk[1000 * 512 : 1001 * 512] = mbr((0x83, 63, 100), (0x05, 500, 300))
    disk[1500 * 512 : 1501 * 512] = mbr((0x83, 63, 200))
    disk[440:444] = bytes.fromhex("78563412")
    assert read(disk) == (
        Partition(1, 64 * 512, 100 * 512, "83"),
        Partition(3, 200 * 512, 50 * 512, "82"),
        Partition(5, 1063 * 512, 100 * 512, "83"),
        Partition(6, 1563 * 512, 200 * 512, "83"),
    )
    assert [part.guid for part in read(disk)] == ["12345678-01", "12345678-03", "12345678-05", "12345678-06"]


def test_extended_partition_that_is_a_loop_is_refused() -> None:
    disk = bytearray(SIZE)
    disk[:512] = mbr((0x05, 1000, 2000))
    disk[1000 * 512 : 1001 * 512] = mbr((0x83, 63, 10), (0x05, 0, 10))
    with pytest.raises(InputError, match="loop"):
        read(disk)


@pytest.mark.parametrize("disk", [b"", b"\0" * 100, bytes(SIZE), b"\x55\xaa" * 512])
def test_blank_disks_and_noise_have_no_partitions(disk: bytes) -> None:
    assert read(disk) == ()


def test_fat_boot_sector_is_no_partition_table() -> None:
    sector = bytearray(mbr((0x83, 1, 10)))
    sector[11:13] = struct.pack("<H", 512)
    sector[82:90] = b"FAT32   "
    assert read(bytes(sector) + bytes(SIZE)) == ()


@pytest.mark.parametrize(
    ("partitions", "said"),
    [
        ([(1, 100, 199, ""), (2, 150, 250, "")], "overlaps partition 1"),
        ([(1, 100, 1 << 30, "")], "beyond the end"),
        ([(1, 200, 100, "")], "begins or ends where no partition can"),
        ([(1, 0, 100, "")], "begins or ends where no partition can"),
    ],
)
def test_impossible_partitions_are_refused(partitions: list[tuple[int, int, int, str]], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(gpt(SIZE, partitions))


def test_truncated_mbr_disk_is_refused() -> None:
    with pytest.raises(InputError, match="beyond the end"):
        read(mbr((0x83, 64, 10_000)) + bytes(4096))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64), st.binary(max_size=4096), st.integers(0, 600), st.binary(max_size=200))
def test_no_bytes_raise_anything_but_our_errors(table: bytes, rest: bytes, at: int, change: bytes) -> None:
    noise = b"\0" * 446 + table.ljust(64, b"\0") + b"\x55\xaa" + rest
    disk = gpt(1 << 17, [(1, 40, 199, "root")])
    disk[at : at + len(change)] = change
    for each in (noise, bytes(disk)):
        try:
            found = read(each)
        except GoldsmithError:
            continue
        assert all(part.offset > 0 and part.end <= len(each) for part in found)
