"""Growing the last partition: judged by the reader of partition tables, which knows nothing of the one that grew it."""

from __future__ import annotations

import io
import struct
import zlib

import pytest

from goldsmith.disk.partitions import Partition, read_partitions
from goldsmith.errors import InputError
from goldsmith.guest.worker import grow
from goldsmith.guest.worker.partition_table import Patch, grown
from goldsmith.guest.worker.volumes import Volume, read_volumes

from ..disk.conftest import LINUX_DATA, gpt, mbr  # noqa: TID252

MIB = 1 << 20
SMALL, LARGE = 16 * MIB, 64 * MIB + 512 * 1024


def enlarged(disk: bytes | bytearray, size: int = LARGE) -> io.BytesIO:
    return io.BytesIO(bytes(disk) + bytes(size - len(disk)))


def patched(disk: io.BytesIO, patches: list[Patch]) -> bytearray:
    content = bytearray(disk.getvalue())
    for patch in patches:
        assert patch.offset + len(patch.content) <= len(content)
        content[patch.offset : patch.offset + len(patch.content)] = patch.content
    return content


def two_partitions(sector: int, size: int = SMALL) -> bytearray:
    """A boot partition behind number 15 and the root, number 1, up to the last usable whole MiB."""
    return gpt(
        size,
        [(15, MIB // sector, 2 * MIB // sector - 1, "boot"), (1, 2 * MIB // sector, 15 * MIB // sector - 1, "root")],
        sector=sector,
    )


@pytest.mark.parametrize("sector", [512, 4096])
def test_a_gpt_partition_reaches_the_last_whole_mib(sector: int) -> None:
    disk = enlarged(two_partitions(sector))
    content = patched(disk, grown(disk, LARGE, 1))
    assert read_partitions(io.BytesIO(content)) == (
        Partition(1, 2 * MIB, 62 * MIB, str(LINUX_DATA), "root"),
        Partition(15, MIB, MIB, str(LINUX_DATA), "boot"),
    )


@pytest.mark.parametrize("sector", [512, 4096])
def test_the_copy_of_a_gpt_moves_to_the_new_end(sector: int) -> None:
    disk = enlarged(two_partitions(sector))
    content = patched(disk, grown(disk, LARGE, 1))
    whole = read_partitions(io.BytesIO(content))
    last, old = LARGE // sector - 1, SMALL // sector - 1
    assert content[old * sector : (old + 1) * sector] == bytes(sector)
    for own, other in ((1, last), (last, 1)):
        assert struct.unpack_from("<QQ", content, own * sector + 24) == (own, other)
    (last_usable,) = struct.unpack_from("<Q", content, sector + 48)
    assert last_usable == last - 128 * 128 // sector - 1
    # The reader falls back to the copy: it says the same alone.
    content[sector : 2 * sector] = bytes(sector)
    content[2 * sector : 2 * sector + 128 * 128] = bytes(128 * 128)
    assert read_partitions(io.BytesIO(content)) == whole


def test_the_protective_mbr_covers_the_new_disk() -> None:
    disk = enlarged(two_partitions(512))
    content = patched(disk, grown(disk, LARGE, 1))
    assert struct.unpack_from("<II", content, 446 + 8) == (1, LARGE // 512 - 1)


def test_nothing_of_a_gpt_changes_but_the_last_lba_of_the_partition() -> None:
    disk = enlarged(two_partitions(512))
    before, content = disk.getvalue(), patched(disk, grown(disk, LARGE, 1))
    entries = slice(1024, 1024 + 128 * 128)
    changed = [at for at, (was, now) in enumerate(zip(before[entries], content[entries], strict=True)) if was != now]
    assert set(changed) <= set(range(40, 48))
    assert content[entries.stop : SMALL - 512] == before[entries.stop : SMALL - 512]
    assert content[512 + 56 : 512 + 72] == b"\1" * 16


def test_the_copy_is_written_before_the_table_that_is_in_use() -> None:
    disk = enlarged(two_partitions(512))
    patches = grown(disk, LARGE, 1)
    assert [patch.offset for patch in patches] == [LARGE - 33 * 512, LARGE - 512, 1024, 512, 0, SMALL - 512]
    content = bytearray(disk.getvalue())
    whole = read_partitions(io.BytesIO(patched(disk, patches)))
    seen = [read_partitions(disk)]
    for patch in patches:
        content[patch.offset : patch.offset + len(patch.content)] = patch.content
        seen.append(read_partitions(io.BytesIO(content)))
    # A build that dies after any of the writes leaves a disk that is as it was, or as it shall be.
    assert set(seen) == {seen[0], whole}


def test_growing_twice_changes_nothing_more() -> None:
    disk = enlarged(two_partitions(512))
    again = io.BytesIO(patched(disk, grown(disk, LARGE, 1)))
    assert grown(again, LARGE, 1) == []


def test_a_longer_header_keeps_its_tail() -> None:
    disk = two_partitions(512)
    header = disk[512:612]
    struct.pack_into("<II", header, 12, 100, 0)
    header[92:] = b"reserved"
    struct.pack_into("<I", header, 16, zlib.crc32(header))
    disk[512:612] = header
    before = enlarged(disk)
    content = patched(before, grown(before, LARGE, 1))
    assert content[512 + 92 : 512 + 100] == content[LARGE - 512 + 92 : LARGE - 512 + 100] == b"reserved"
    content[1024 : 1024 + 128 * 128] = bytes(128 * 128)
    assert len(read_partitions(io.BytesIO(content))) == 2


def test_an_mbr_partition_reaches_the_last_whole_mib() -> None:
    disk = enlarged(mbr((0x83, 2048, 2048), (0x83, 4096, 1000)) + bytes(SMALL - 512))
    patches = grown(disk, LARGE, 2)
    assert [patch.offset for patch in patches] == [0]
    assert read_partitions(io.BytesIO(patched(disk, patches))) == (
        Partition(1, MIB, MIB, "83"),
        Partition(2, 2 * MIB, 62 * MIB, "83"),
    )


def test_an_mbr_partition_ends_where_its_numbers_do() -> None:
    first = mbr((0x83, 2048, 2048))
    (patch,) = grown(io.BytesIO(first), 3 << 40, 1)
    assert struct.unpack_from("<II", patch.content, 446 + 8) == (2048, 0xFFFF_FFFF - 2048)


@pytest.mark.parametrize("number", [1, 5])
def test_what_cannot_grow_stays(number: int) -> None:
    disk = io.BytesIO(mbr((0x83, 2048, SMALL // 512 - 2048)) + bytes(SMALL - 512))
    assert grown(disk, SMALL, number) == []


def test_a_protective_mbr_without_a_table_stays() -> None:
    assert grown(io.BytesIO(mbr((0xEE, 1, 100)) + bytes(SMALL)), SMALL, 1) == []


# -- what the workers call


def root_of(disk: io.BytesIO, size: int, number: int) -> tuple[Volume, list[Volume]]:
    volumes = read_volumes(disk, "image.qcow2", size)
    return next(volume for volume in volumes if volume.number == number), volumes


def test_the_roots_partition_grows_in_place() -> None:
    disk = enlarged(two_partitions(512))
    root, volumes = root_of(disk, LARGE, 1)
    assert grow.partition(disk, root, volumes, LARGE) == Volume(1, 2 * MIB, 62 * MIB, None, root.guid, root.name)
    assert read_volumes(disk, "image.qcow2", LARGE)[0].size == 62 * MIB


def test_a_root_before_another_partition_is_refused_and_nothing_is_written() -> None:
    disk = enlarged(two_partitions(512))
    before = disk.getvalue()
    boot, volumes = root_of(disk, LARGE, 15)
    with pytest.raises(InputError) as raised:
        grow.partition(disk, boot, volumes, LARGE)
    assert (raised.value.message, raised.value.hint) == (
        "the root file system cannot grow to disk.size: partition 15 (unknown) is not the last partition",
        "leave disk.size out, or use a base whose root is its last partition",
    )
    assert disk.getvalue() == before


@pytest.mark.parametrize("number", [1, 15])
def test_without_room_nothing_is_written(number: int) -> None:
    disk = io.BytesIO(bytes(two_partitions(512)))
    before = disk.getvalue()
    volume, volumes = root_of(disk, SMALL, number)
    assert grow.partition(disk, volume, volumes, SMALL) == volume
    assert disk.getvalue() == before


def test_a_whole_disk_without_partitions_has_none_to_grow() -> None:
    disk = io.BytesIO(bytes(LARGE))
    (whole,) = volumes = read_volumes(disk, "image.qcow2", LARGE)
    assert grow.partition(disk, whole, volumes, LARGE) == whole


def with_copy_at(disk: bytearray, lba: int) -> bytearray:
    """The first header names another sector as the place of its copy, and its checksum holds."""
    header = bytearray(disk[512 : 512 + 92])
    struct.pack_into("<Q", header, 32, lba)
    struct.pack_into("<I", header, 16, 0)
    struct.pack_into("<I", header, 16, zlib.crc32(header))
    disk[512 : 512 + 92] = header
    return disk


@pytest.mark.parametrize("lba", [0, 1, 3 * MIB // 512, 2**63])
def test_only_a_copy_behind_all_partitions_is_erased(lba: int) -> None:
    disk = enlarged(with_copy_at(two_partitions(512), lba))
    patches = grown(disk, LARGE, 1)
    assert bytes(512) not in [patch.content for patch in patches]
    assert read_partitions(io.BytesIO(patched(disk, patches)))[0].size == 62 * MIB


@pytest.mark.parametrize("at", [512 + 40, 1024 + 40])
def test_a_damaged_first_table_is_refused(at: int) -> None:
    damaged = two_partitions(512)
    damaged[at] ^= 1
    with pytest.raises(InputError, match="damaged"):
        grown(enlarged(damaged), LARGE, 1)
