"""Partition tables of sfdisk and file systems of their own mkfs, read by our readers."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from goldsmith.disk.filesystem import FileSystem, FileSystemKind, recognize
from goldsmith.disk.partitions import Partition, read_partitions

from .conftest import MIB, Shell

pytestmark = pytest.mark.process
# Replaced by a new one in every run: mkfs.btrfs refuses one that this machine has seen.
UUID = "<uuid>"

GPT = """label: gpt
14 : size=3M, type=21686148-6449-6E6F-744E-656564454649
15 : size=12M, type=U, name="EFI system"
1 : type=L, name=root
"""
MBR = """label: dos
1 : size=10M, type=83, bootable
2 : size=40M, type=5
3 : type=82
5 : size=5M, type=83
6 : size=6M, type=b
7 : type=83
"""


@pytest.mark.parametrize("table", [GPT, MBR])
@pytest.mark.parametrize("name", ["disk.raw"])
def test_same_partitions_as_sfdisk(sh: Shell, tmp_path: Path, table: str, name: str) -> None:
    (tmp_path / "table").write_text(table)
    sh(f"truncate -s 100M {name}; sfdisk -q {name} < table")
    listed = json.loads(sh(f"sfdisk --json {name}"))["partitiontable"]
    expected = tuple(
        Partition(
            number=int(each["node"].removeprefix(name)),
            offset=each["start"] * 512,
            size=each["size"] * 512,
            type=each["type"].lower() if len(each["type"]) > 2 else f"{int(each['type'], 16):02x}",
            name=each.get("name", ""),
        )
        for each in sorted(listed["partitions"], key=lambda each: int(each["node"].removeprefix(name)))
        if each["type"] not in {"5", "f"}
    )
    assert read_partitions(tmp_path / name) == expected


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (f"mke2fs -q -t ext2 -U {UUID} -L data x", FileSystem(FileSystemKind.EXT2, UUID, "data")),
        (f"mke2fs -q -t ext3 -U {UUID} x", FileSystem(FileSystemKind.EXT3, UUID)),
        (f"mke2fs -q -t ext4 -U {UUID} -L root x", FileSystem(FileSystemKind.EXT4, UUID, "root")),
        (f"mkfs.xfs -q -m uuid={UUID} -L root x", FileSystem(FileSystemKind.XFS, UUID, "root")),
        (f"mkfs.btrfs -q -U {UUID} -L root x", FileSystem(FileSystemKind.BTRFS, UUID, "root")),
        ("mkfs.vfat -F 32 -i AB12CD34 -n ESP x >/dev/null", FileSystem(FileSystemKind.VFAT, "AB12-CD34", "ESP")),
        ("mkfs.vfat -F 16 -i AB12CD34 x >/dev/null", FileSystem(FileSystemKind.VFAT, "AB12-CD34")),
        (f"mkswap -q -U {UUID} -L swap x", FileSystem(FileSystemKind.SWAP, UUID, "swap")),
    ],
)
def test_file_systems(sh: Shell, tmp_path: Path, make: str, expected: FileSystem) -> None:
    new = str(uuid.uuid4())
    make = make.replace(UUID, new)
    expected = replace(expected, uuid=expected.uuid.replace(UUID, new))
    sh(f"umask 077; truncate -s 320M x; {make}; dd if=x of=y bs=1M seek=1 count=4 status=none")
    assert recognize(tmp_path / "x") == expected
    assert recognize(tmp_path / "y", MIB) == expected
    assert read_partitions(tmp_path / "x") == ()
