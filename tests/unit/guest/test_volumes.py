"""The volumes of a disk, which of them may grow, and what is said where none is a root."""

from __future__ import annotations

import io

import pytest

from goldsmith.disk.filesystem import FileSystem, FileSystemKind
from goldsmith.errors import InputError
from goldsmith.guest.worker.volumes import (
    WORTH_GROWING,
    Volume,
    cannot_grow,
    no_system,
    read_volumes,
    room_to_grow,
)

from ..disk.conftest import gpt  # noqa: TID252

MIB = 1 << 20
SIZE = 8 * MIB
EXT4 = FileSystem(FileSystemKind.EXT4)
FIRST = Volume(15, 1 * MIB, 10 * MIB, None)
LAST = Volume(1, 11 * MIB, 100 * MIB, EXT4)
END = 111 * MIB
WHOLE = Volume(0, 0, 111 * MIB, EXT4)


def xfs(disk: bytearray, offset: int) -> bytearray:
    disk[offset : offset + 4] = b"XFSB"
    disk[offset + 32 : offset + 48] = bytes(range(16))
    disk[offset + 108 : offset + 112] = b"data"
    return disk


XFS = FileSystem(FileSystemKind.XFS, "00010203-0405-0607-0809-0a0b0c0d0e0f", "data")


def test_partitions_and_what_is_on_them() -> None:
    disk = gpt(SIZE, [(1, 4096, 8191, "root"), (14, 2048, 4095, "bios")])
    assert [
        (volume.number, volume.offset, volume.size, volume.filesystem)
        for volume in read_volumes(io.BytesIO(xfs(disk, 2 * MIB)), "image", SIZE)
    ] == [(1, 2 * MIB, 2 * MIB, XFS), (14, MIB, MIB, None)]


def test_a_disk_without_partitions_is_one_volume() -> None:
    assert read_volumes(io.BytesIO(xfs(bytearray(SIZE), 0)), "image", SIZE) == [Volume(0, 0, SIZE, XFS)]


def test_a_damaged_table_is_told_of_the_image_not_of_what_was_read() -> None:
    disk = gpt(SIZE, [(1, 4096, 8191, "root")])
    disk[512:520] = disk[SIZE - 512 : SIZE - 504] = b"\0" * 8
    file = io.BytesIO(disk)
    file.name = "/private/disk"
    with pytest.raises(InputError) as raised:
        read_volumes(file, "web.qcow2", SIZE)
    assert raised.value.message == "web.qcow2 has a protective MBR but no GPT whose checksum holds"


@pytest.mark.parametrize(
    ("root", "volumes", "size", "room", "refused"),
    [
        (LAST, (FIRST, LAST), END + WORTH_GROWING, True, False),
        (LAST, (LAST, FIRST), END + WORTH_GROWING, True, False),
        (LAST, (FIRST, LAST), END + WORTH_GROWING - 1, False, False),
        (LAST, (LAST,), END, False, False),
        (FIRST, (FIRST, LAST), END + WORTH_GROWING, False, True),
        (FIRST, (LAST, FIRST), END + WORTH_GROWING, False, True),
        (FIRST, (FIRST, LAST), END + WORTH_GROWING - 1, False, False),
        (WHOLE, (WHOLE,), END + WORTH_GROWING, False, False),
    ],
)
def test_only_the_last_partition_grows(
    root: Volume, volumes: tuple[Volume, ...], size: int, *, room: bool, refused: bool
) -> None:
    assert (room_to_grow(root, volumes, size), cannot_grow(root, volumes, size)) == (room, refused)


def volume(number: int, kind: FileSystemKind | None) -> Volume:
    return Volume(number, number * MIB, MIB, FileSystem(kind) if kind is not None else None)


@pytest.mark.parametrize(
    ("volumes", "refused", "message"),
    [
        ([volume(0, None)], [], "the disk is blank"),
        ([volume(1, FileSystemKind.LUKS), volume(2, FileSystemKind.VFAT)], [], "it is encrypted (LUKS)"),
        ([volume(1, FileSystemKind.LVM2)], [], "it is an LVM volume group"),
        ([volume(1, FileSystemKind.RAID)], [], "it is part of a RAID"),
        (
            [volume(1, FileSystemKind.LUKS), volume(2, FileSystemKind.EXT4)],
            ["partition 2 (ext4) cannot be mounted: Structure needs cleaning", "x"],
            "partition 2 (ext4) cannot be mounted: Structure needs cleaning; x",
        ),
        (
            [volume(1, FileSystemKind.VFAT), volume(2, None)],
            [],
            "partition 1 (vfat), partition 2 (unknown), none with /etc/os-release",
        ),
        ([volume(0, FileSystemKind.EXT4)], [], "the whole disk (ext4), none with /etc/os-release"),
    ],
)
def test_why_there_is_no_operating_system(volumes: list[Volume], refused: list[str], message: str) -> None:
    error = no_system("web.qcow2", volumes, refused)
    assert error.message == f"no operating system found in web.qcow2: {message}"
    assert error.hint is not None
