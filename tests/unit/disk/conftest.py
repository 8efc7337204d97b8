"""Disk images built byte by byte, so that the readers are tested without the programs that usually write them."""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

CLUSTER = 1 << 16
MakeQcow2 = Callable[..., Path]
LINUX_DATA = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")


def qcow2_bytes(
    *,
    version: int = 3,
    virtual_size: int = 1 << 30,
    backing: bytes = b"",
    extensions: Sequence[tuple[int, bytes]] = (),
    features: int = 0,
    encryption: int = 0,
    l2: Sequence[int] = (),
    cluster_bits: int = 16,
    l1_offset: int = 3 * CLUSTER,
) -> bytes:
    """A qcow2 of five clusters and data: header, refcount table, refcount block, L1, L2, then one data cluster."""
    header_length = 104 if version == 3 else 72
    body = b"".join(struct.pack(">II", kind, len(data)) + data + b"\0" * (-len(data) % 8) for kind, data in extensions)
    body += struct.pack(">II", 0, 0)
    backing_offset = header_length + len(body) if backing else 0
    header = b"QFI\xfb" + struct.pack(
        ">IQIIQIIQQIIQ",
        version, backing_offset, len(backing), cluster_bits, virtual_size, encryption, 8, l1_offset, CLUSTER, 1, 0, 0,
    )  # fmt: skip
    if version == 3:
        header += struct.pack(">QQQII", features, 0, 0, 4, header_length)
    first = (header + body + backing).ljust(CLUSTER, b"\0")
    refcounts = struct.pack(">Q", 2 * CLUSTER).ljust(CLUSTER, b"\0") + (b"\0\1" * 6).ljust(CLUSTER, b"\0")
    l1 = struct.pack(">Q", 1 << 63 | 4 * CLUSTER).ljust(CLUSTER, b"\0")
    table = struct.pack(f">{len(l2)}Q", *l2).ljust(CLUSTER, b"\0")
    return first + refcounts + l1 + table + b"\xaa" * CLUSTER


@pytest.fixture
def make_qcow2(tmp_path: Path) -> MakeQcow2:
    def make(**fields: object) -> Path:
        path = tmp_path / "image.qcow2"
        path.write_bytes(qcow2_bytes(**fields))  # type: ignore[arg-type]
        return path

    return make


def mbr(*entries: tuple[int, int, int], boot: int = 0) -> bytes:
    """A boot sector with (type, start, sectors) entries."""
    table = b"".join(struct.pack("<B3xB3xII", boot, *entry) for entry in entries).ljust(64, b"\0")
    return b"\0" * 446 + table + b"\x55\xaa"


def gpt(size: int, partitions: Sequence[tuple[int, int, int, str]], *, sector: int = 512) -> bytearray:
    """A whole disk of `size` bytes with (number, first, last, name) partitions in both copies of its GPT."""
    entries = bytearray(128 * 128)
    for number, first, last, name in partitions:
        entry = LINUX_DATA.bytes_le + uuid.UUID(int=number).bytes_le + struct.pack("<QQQ", first, last, 0)
        entries[(number - 1) * 128 : number * 128] = (entry + name.encode("utf-16-le")).ljust(128, b"\0")
    disk = bytearray(size)
    disk[:512] = mbr((0xEE, 1, min(size // sector - 1, 0xFFFF_FFFF)))
    last_lba, table = size // sector - 1, len(entries) // sector
    for own, other, lba in ((1, last_lba, 2), (last_lba, 1, last_lba - table)):
        header = bytearray(
            b"EFI PART" + struct.pack("<IIIIQQQQ", 0x10000, 92, 0, 0, own, other, 2 + table, last_lba - table - 1)
        )
        header += b"\1" * 16 + struct.pack("<QIII", lba, 128, 128, zlib.crc32(entries))
        struct.pack_into("<I", header, 16, zlib.crc32(header))
        disk[own * sector : own * sector + 92] = header
        disk[lba * sector : lba * sector + len(entries)] = entries
    return disk
