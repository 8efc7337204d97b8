"""Reads GPT and MBR partition tables from raw bytes, with our own reader: no kernel, no udev, no nodes.

The kernel's rules (block/partitions/{efi,msdos}.c) decide what counts, because the guest's kernel will read the same
bytes: a GPT counts only behind a protective MBR, and falls back to its copy at the end; extended partitions are
containers and are not listed, their logical partitions are numbered from 5.

Standard library only: workers import this under the distribution's own Python.
"""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from goldsmith.disk.source import Source
from goldsmith.errors import InputError

SECTOR_SIZES = (512, 4096)
MAX_GPT_ENTRIES = 1024
MAX_LOGICAL = 128
PROTECTIVE = 0xEE
EXTENDED = (0x05, 0x0F, 0x85)
UNUSED = b"\0" * 16


@dataclass(frozen=True, slots=True)
class Partition:
    """`offset` and `size` are in bytes; `type` is a lower-case GUID (GPT) or two hexadecimal digits (MBR); `name` is
    the GPT's, unchecked text; `guid` is what fstab calls PARTUUID: the GPT's for this one partition, or the numbers of
    the MBR's disk and of the partition (block/partitions/msdos.c), all in lower case.
    """

    number: int
    offset: int
    size: int
    type: str
    name: str = ""
    guid: str = field(default="", compare=False)

    @property
    def end(self) -> int:
        return self.offset + self.size


BIOS_BOOT = "21686148-6449-6e6f-744e-656564454649"
PREP_BOOT = "9e1a2d38-c612-4316-aa26-8b49521e5a8b"
EFI_SYSTEM = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
LINUX_SWAP = "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"


def partitions_or_whole(raw: Path) -> tuple[Partition, ...]:
    """The partitions of a raw disk, or the whole disk as number 0. Raises InputError as `read_partitions`."""
    return read_partitions(raw) or (Partition(0, 0, raw.stat().st_size, ""),)


def read_partitions(where: Path | BinaryIO) -> tuple[Partition, ...]:
    """The partitions of a raw disk by number; () where it is blank or one whole file system.

    Raises InputError for a table that is damaged, whose partitions overlap, or reach beyond the disk's end.
    """
    with Source.open(where) as source:
        first = source.read(0, 512)
        if len(first) < 512 or first[510:] != b"\x55\xaa":
            return ()
        entries = [_mbr_entry(first, number) for number in range(4)]
        if any(entry.kind == PROTECTIVE for entry in entries):
            found = _read_gpt(source)
        elif any(entry.boot not in {0, 0x80} for entry in entries) or _is_fat(first):
            # A file system's boot sector, which carries the same signature (block/partitions/msdos.c asks the same).
            return ()
        else:
            found = _read_mbr(source, entries, int.from_bytes(first[440:444], "little"))
        found = sorted(found, key=lambda partition: partition.number)
        _refuse_nonsense(source, found)
        return tuple(found)


def _refuse_nonsense(source: Source, partitions: Iterable[Partition]) -> None:
    before: Partition | None = None
    for partition in sorted(partitions, key=lambda each: each.offset):
        what = f"partition {partition.number} of {source.name}"
        if partition.offset <= 0 or partition.size <= 0:
            raise InputError(f"{what} begins or ends where no partition can")
        if partition.end > source.size:
            raise InputError(
                f"{what} ends at byte {partition.end}, beyond the end of the disk at {source.size}",
                hint="the image is truncated, or its partition table is of another disk",
            )
        if before is not None and partition.offset < before.end:
            raise InputError(f"{what} overlaps partition {before.number}")
        before = partition


@dataclass(frozen=True, slots=True)
class _Entry:
    boot: int
    kind: int
    start: int
    sectors: int


def _mbr_entry(sector: bytes, number: int) -> _Entry:
    boot, kind, start, sectors = struct.unpack_from("<B3xB3xII", sector, 446 + 16 * number)
    return _Entry(boot, kind, start, sectors)


def _is_fat(sector: bytes) -> bool:
    """A FAT boot sector: its file system type string, and a sector size where the parameter block has it."""
    return (sector[54:57] == b"FAT" or sector[82:87] == b"FAT32") and sector[11:13] in {b"\0\x02", b"\0\x10"}


def _read_mbr(source: Source, entries: list[_Entry], disk: int) -> list[Partition]:
    found = []
    logical = 5
    for number, entry in enumerate(entries, start=1):
        if entry.kind == 0 or entry.sectors == 0:
            continue
        if entry.kind in EXTENDED:
            for partition in _logical(source, entry, logical, disk):
                found.append(partition)
                logical += 1
        else:
            found.append(_mbr_partition(number, entry, 0, disk))
    return found


def _logical(source: Source, extended: _Entry, number: int, disk: int) -> Iterator[Partition]:
    """The chain of extended boot records: entry 1 counts from its own record, entry 2 from the first record."""
    start, seen = extended.start, set[int]()
    while start not in seen:
        if len(seen) >= MAX_LOGICAL:
            raise InputError(f"{source.name} has more than {MAX_LOGICAL} logical partitions")
        seen.add(start)
        record = source.read(start * 512, 512)
        if len(record) < 512 or record[510:] != b"\x55\xaa":
            # The kernel ends the chain here too; an empty extended partition has no record at all.
            return
        here, following = _mbr_entry(record, 0), _mbr_entry(record, 1)
        if here.kind and here.sectors:
            if start + here.start + here.sectors > extended.start + extended.sectors:
                raise InputError(f"partition {number} of {source.name} reaches out of its extended partition")
            yield _mbr_partition(number, here, start, disk)
            number += 1
        if following.kind not in EXTENDED or following.sectors == 0:
            return
        start = extended.start + following.start
    raise InputError(f"the extended partition of {source.name} is a loop")


def _mbr_partition(number: int, entry: _Entry, base: int, disk: int) -> Partition:
    guid = f"{disk:08x}-{number:02x}"
    return Partition(number, (base + entry.start) * 512, entry.sectors * 512, f"{entry.kind:02x}", guid=guid)


def _read_gpt(source: Source) -> list[Partition]:
    for sector in SECTOR_SIZES:
        for lba in (1, source.size // sector - 1):
            table = _gpt_table(source, lba, sector)
            if table is not None:
                return table
    raise InputError(
        f"{source.name} has a protective MBR but no GPT whose checksum holds",
        hint="the image is truncated or damaged; gdisk may be able to repair a copy",
    )


def _gpt_table(source: Source, lba: int, sector: int) -> list[Partition] | None:
    """The table whose header lies at `lba`, or None where header or entries are not as their checksums say."""
    header = source.read(lba * sector, sector)
    if len(header) < sector or header[:8] != b"EFI PART":
        return None
    size, crc, own = struct.unpack_from("<II4xQ", header, 12)
    if not 92 <= size <= sector or own != lba:
        return None
    if zlib.crc32(header[:16] + b"\0\0\0\0" + header[20:size]) != crc:
        return None
    entries_lba, count, length, entries_crc = struct.unpack_from("<QIII", header, 72)
    if length % 128 or not 128 <= length <= sector or not 0 < count <= MAX_GPT_ENTRIES:
        return None
    entries = source.read(entries_lba * sector, count * length)
    if len(entries) < count * length or zlib.crc32(entries) != entries_crc:
        return None
    return [
        _gpt_partition(number, entries[at : at + length], sector)
        for number, at in enumerate(range(0, count * length, length), start=1)
        if entries[at : at + 16] != UNUSED
    ]


def _gpt_partition(number: int, entry: bytes, sector: int) -> Partition:
    first, last = struct.unpack_from("<QQ", entry, 32)
    name = entry[56:128].decode("utf-16-le", "replace").split("\0", 1)[0]
    kind, guid = (str(uuid.UUID(bytes_le=entry[at : at + 16])) for at in (0, 16))
    return Partition(number, first * sector, (last + 1 - first) * sector, kind, name, guid)
