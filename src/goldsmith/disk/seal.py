"""Seals a disk: flatten, scrub every file system, pack, make durable, digest. No mount, no FUSE, no privileges."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from goldsmith.disk import qemu_img
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.erase import is_blank, used
from goldsmith.disk.filesystem import FileSystemKind, recognize
from goldsmith.disk.limits import full_disk_as_host_error
from goldsmith.disk.new_uuids import NewUuids, renew
from goldsmith.disk.partitions import BIOS_BOOT, PREP_BOOT, Partition, partitions_or_whole
from goldsmith.disk.qemu_img import Compression
from goldsmith.disk.scrub import Area, Scrub, unproven
from goldsmith.disk.scrubs import ext, swap, vfat, xfs
from goldsmith.errors import InputError
from goldsmith.events import Emit, Progress, ignore
from goldsmith.findings import Finding

SCRUBS: Mapping[FileSystemKind, Scrub] = {
    FileSystemKind.EXT2: ext.scrub,
    FileSystemKind.EXT3: ext.scrub,
    FileSystemKind.EXT4: ext.scrub,
    FileSystemKind.XFS: xfs.scrub,
    FileSystemKind.VFAT: vfat.scrub,
    FileSystemKind.SWAP: swap.scrub,
}
# They hold a boot loader's code and no files.
CODE_ONLY = frozenset({BIOS_BOOT, PREP_BOOT, "41"})
# Before the first partition lie the table and, on MBR disks, the boot loader's core: 1 MiB by common alignment.
BOOT_LOADER = 1 << 20
# At a disk's end, and at its former end where it grew, lies the copy of its GPT (33 sectors); extended boot records
# take a sector each.
TABLES = 128 << 10
CHUNK = 4 << 20


class Packing(StrEnum):
    """What a sealed image is: its format and how its clusters are compressed."""

    QCOW2_ZSTD = "qcow2/zstd"
    QCOW2_ZLIB = "qcow2/zlib"
    QCOW2 = "qcow2/none"
    RAW = "raw"

    @property
    def disk_format(self) -> DiskFormat:
        return DiskFormat.RAW if self is Packing.RAW else DiskFormat.QCOW2

    @property
    def compression(self) -> Compression:
        return Compression.NONE if self is Packing.RAW else Compression(self.value.partition("/")[2])


@dataclass(frozen=True, slots=True)
class Sealed:
    """`size` is the file's length in bytes, `sha256` hexadecimal; `findings` say what could not be erased for sure;
    `renewed` are the UUIDs that file systems got, where they were to get new ones.
    """

    disk: Disk
    size: int
    sha256: str
    findings: tuple[Finding, ...] = ()
    renewed: NewUuids | None = None


def seal(
    disk: Disk,
    output: Path,
    *,
    packing: Packing = Packing.QCOW2_ZSTD,
    scratch: Path,
    new_uuids: str | None = None,
    emit: Emit = ignore,
) -> Sealed:
    """Seal `disk`, which nothing else has open, into the new file `output`. `disk` itself stays as it is.

    With `new_uuids`, file systems get new UUIDs, made from the old ones and that text (see `disk/new_uuids`).
    `scratch` is an existing folder with room for the disk's content, uncompressed and sparse. The same content gives
    the same bytes. Raises InputError where `output` is there already, HostError where there is no space, BuildError
    where a file system is damaged; after an error neither `output` nor anything in `scratch` is left.
    """
    output = output.absolute()
    if os.path.lexists(output):
        raise InputError(f"{output} is there already", hint="name another output, or remove it first")
    flat = scratch.absolute() / "flat.raw"
    try:
        raw = qemu_img.convert(disk, flat, DiskFormat.RAW, on_progress=_progress(emit, "flatten", disk))
        findings = scrub(raw)
        renewed = renew(raw, new_uuids, emit=emit) if new_uuids is not None else None
        packed = qemu_img.convert(
            raw, output, packing.disk_format, compression=packing.compression, on_progress=_progress(emit, "pack", disk)
        )
        flat.unlink()
        qemu_img.check(packed)
        sha256 = _settle(output, emit)
    except BaseException:
        output.unlink(missing_ok=True)
        raise
    finally:
        flat.unlink(missing_ok=True)
    return Sealed(packed, output.stat().st_size, sha256, findings, renewed)


def scrub(raw: Disk) -> tuple[Finding, ...]:
    """Scrub every partition of a raw disk in place; what there is no known way for becomes a finding."""
    findings: list[Finding] = []
    partitions = partitions_or_whole(raw.path)
    for partition in partitions:
        area = Area(raw.path, partition.number, partition.offset, partition.size)
        found = recognize(raw.path, partition.offset)
        if found is not None and found.kind in SCRUBS:
            findings.extend(SCRUBS[found.kind](area))
        elif found is not None:
            findings.append(unproven(area, f"no way to scrub {found.kind} is known"))
        elif partition.type not in CODE_ONLY and not _is_blank(area):
            findings.append(unproven(area, "it holds data, but no file system that is known"))
    outside = _used_outside(raw, partitions)
    if outside > TABLES:
        findings.append(unproven(Area(raw.path, 0, 0, raw.virtual_size), f"{outside} bytes lie outside of partitions"))
    return tuple(findings)


def _used_outside(raw: Disk, partitions: Sequence[Partition]) -> int:
    """How many bytes lie between and behind the partitions, beyond what partition tables and boot loaders take."""
    at, found = BOOT_LOADER, 0
    descriptor = os.open(raw.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        for partition in sorted(partitions, key=lambda each: each.offset):
            found += used(descriptor, at, partition.offset - at) if partition.offset > at else 0
            at = max(at, partition.end)
        return found + used(descriptor, at, max(raw.virtual_size - at, 0))
    finally:
        os.close(descriptor)


def _is_blank(area: Area) -> bool:
    descriptor = os.open(area.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return is_blank(descriptor, area.offset, area.size)
    finally:
        os.close(descriptor)


def _settle(path: Path, emit: Emit) -> str:
    """Make the file durable and return its SHA-256."""
    digest = hashlib.sha256()
    with full_disk_as_host_error(path.parent, f"writing {path}"), path.open("rb") as file:
        os.fsync(file.fileno())
        size, done = os.fstat(file.fileno()).st_size, 0
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            emit(Progress("digest", done, size))
    return digest.hexdigest()


def _progress(emit: Emit, part: str, disk: Disk) -> qemu_img.OnProgress:
    def report(fraction: float) -> None:
        emit(Progress(part, int(fraction * disk.virtual_size), disk.virtual_size))

    return report
