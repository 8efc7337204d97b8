"""Grows the last partition of a GPT or MBR to a disk's end: which bytes to write where. Pure over a reader.

Own code, because the table is the guest's: no program of the host's root needs to take it apart.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from goldsmith.errors import InputError

ALIGNMENT = 1 << 20
SIGNATURE = b"EFI PART"
HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
ENTRY_LAST = 40
PROTECTIVE = 0xEE
MBR_LIMIT = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes, and where on the disk they belong."""

    offset: int
    content: bytes


def grown(disk: BinaryIO, size: int, number: int) -> list[Patch]:
    """What makes partition `number`, the last on a disk of `size` bytes, reach to the disk's end; [] if it cannot.

    Raises InputError where the first table of a GPT is damaged, even if its copy is whole: writing would make the
    damage look sound.
    """
    first = _read(disk, 0, 512)
    kinds = [first[446 + 16 * slot + 4] for slot in range(4)]
    if PROTECTIVE in kinds:
        for sector in (512, 4096):
            if _read(disk, sector, 8) == SIGNATURE:
                return _grown_gpt(disk, size, number, sector)
        return []
    return _grown_mbr(first, size, number) if number <= 4 else []


def _grown_mbr(first: bytes, size: int, number: int) -> list[Patch]:
    at = 446 + 16 * (number - 1)
    start, sectors = struct.unpack_from("<II", first, at + 8)
    end = min(size // ALIGNMENT * ALIGNMENT // 512, MBR_LIMIT)
    if end <= start + sectors:
        return []
    changed = bytearray(first)
    struct.pack_into("<I", changed, at + 12, end - start)
    return [Patch(0, bytes(changed))]


def _grown_gpt(disk: BinaryIO, size: int, number: int, sector: int) -> list[Patch]:
    first, header = _read(disk, 0, 512), _read(disk, sector, sector)
    signature, revision, length, _, reserved, own, old_backup, usable, _, guid, entries_at, count, entry_size, _ = (
        HEADER.unpack_from(header)
    )
    last = size // sector - 1
    table = -(-count * entry_size // sector)
    _require_sound(header, _read(disk, entries_at * sector, count * entry_size))
    last_usable = last - table - 1
    per_alignment = ALIGNMENT // sector
    end = (last_usable + 1) // per_alignment * per_alignment - 1
    entries = bytearray(_read(disk, entries_at * sector, count * entry_size))
    at = (number - 1) * entry_size + ENTRY_LAST
    previous_end = struct.unpack_from("<Q", entries, at)[0]
    if end <= previous_end:
        return []
    struct.pack_into("<Q", entries, at, end)
    crc = zlib.crc32(entries)

    def head(lba: int, other: int, table_at: int) -> bytes:
        fields = (usable, last_usable, guid, table_at, count, entry_size, crc)
        blank = HEADER.pack(signature, revision, length, 0, reserved, lba, other, *fields) + header[92:length]
        packed = blank[:16] + struct.pack("<I", zlib.crc32(blank)) + blank[20:]
        return packed.ljust(sector, b"\0")

    protective = bytearray(first)
    for slot in range(4):
        if protective[446 + 16 * slot + 4] == PROTECTIVE:
            struct.pack_into("<I", protective, 446 + 16 * slot + 12, min(last, MBR_LIMIT))
    # The copy first: whichever write is the last one that happens, one of the two tables is whole.
    patches = [
        Patch((last - table) * sector, bytes(entries)),
        Patch(last * sector, head(last, own, last - table)),
        Patch(entries_at * sector, bytes(entries)),
        Patch(own * sector, head(own, last, entries_at)),
        Patch(0, bytes(protective)),
    ]
    # The header may name any sector as the copy's. Only one behind all partitions that is a copy is erased.
    if previous_end < old_backup < last and _read(disk, old_backup * sector, 8) == SIGNATURE:
        patches.append(Patch(old_backup * sector, bytes(sector)))
    return patches


def _require_sound(header: bytes, entries: bytes) -> None:
    length = struct.unpack_from("<I", header, 12)[0]
    blank = header[:16] + bytes(4) + header[20 : max(HEADER.size, min(length, len(header)))]
    said = struct.unpack_from("<I", header, 16)[0], struct.unpack_from("<I", header, 88)[0]
    if said != (zlib.crc32(blank), zlib.crc32(entries)):
        raise InputError(
            "the disk cannot grow: its first partition table is damaged",
            hint="repair it (sgdisk --verify), or leave disk.size out",
        )


def _read(disk: BinaryIO, offset: int, length: int) -> bytes:
    disk.seek(offset)
    return disk.read(length)
