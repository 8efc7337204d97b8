"""Gives the file systems of a raw disk new UUIDs, and has all text on it that names an old one name the new.

A UUID's text is as long as any other: in fstab, in a boot loader's configuration, in an initramfs that is not
compressed, it is replaced where it stands, without a mount. GRUB's core for BIOS is unpacked and packed again. Whoever
changes the file systems alone, as virt-sysprep's fs-uuids, leaves an image that looks for a root that is not there.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from goldsmith.disk import grub_core
from goldsmith.disk.carve import carved, write_all
from goldsmith.disk.disk import Disk
from goldsmith.disk.filesystem import FileSystemKind, recognize
from goldsmith.disk.limits import full_disk_as_host_error, run_limited
from goldsmith.disk.partitions import partitions_or_whole
from goldsmith.disk.scan import scan_raw
from goldsmith.disk.scrub import Area
from goldsmith.disk.scrubs.ext import e2fsck, tune2fs
from goldsmith.disk.source import Source
from goldsmith.errors import BuildError, ProcessError
from goldsmith.events import Emit, ignore

# include/linux/swap.h: 1024 bytes of boot block, then version, last page and count of bad pages.
SWAP_UUID = 1036
# More places than any guest has: a disk full of one text is refused, not half rewritten.
MOST_PLACES = 100_000


@dataclass(frozen=True, slots=True)
class NewUuids:
    """Old UUID → new one, as fstab writes them, and in how many places text was changed."""

    by_old: Mapping[str, str]
    places: int


def renew(raw: Disk, seed: str, *, emit: Emit = ignore) -> NewUuids:
    """Change every ext, XFS and swap of a raw disk in place; it was scrubbed, so nothing is dirty or deleted.

    The new UUIDs follow from the old ones and `seed` (RFC 9562, version 5): the same build makes the same image. FAT
    has a serial number instead, and keeps it. Raises BuildError where a text cannot be replaced: it stands in a file
    system's own structures, which carry checksums.
    """
    by_old: dict[str, str] = {}
    areas = dict(_areas(raw))
    for area, kind in areas.items():
        old = _uuid_of(area)
        if kind in SETTERS and old:
            by_old[old] = str(uuid.uuid5(uuid.UUID(old), seed))
            SETTERS[kind](area, by_old[old])
            if _uuid_of(area) != by_old[old]:
                raise BuildError(f"{area} did not take its new UUID {by_old[old]}")
    return NewUuids(by_old, _rewrite(raw, by_old, areas, emit))


def _rewrite(raw: Disk, by_old: Mapping[str, str], areas: Mapping[Area, FileSystemKind], emit: Emit) -> int:
    """Replace each old UUID's text, in either case, inside of file systems; how many places there were."""
    texts = {form(old): form(new) for old, new in by_old.items() for form in (str.lower, str.upper)}
    hits = scan_raw(raw.path, {old: old.encode() for old in texts}, limit=MOST_PLACES, emit=emit)
    if len(hits) >= MOST_PLACES:
        raise BuildError(f"UUIDs of file systems are named in more than {MOST_PLACES} places of the disk")
    numbers = {area.number for area in areas}
    inside = [hit for hit in hits if hit.partition in numbers]
    _write(raw.path, {hit.offset: texts[hit.name].encode() for hit in inside})
    touched = {hit.partition for hit in inside}
    # FAT and swap have no checksums.
    for area, check in ((each, CHECKS[kind]) for each, kind in areas.items() if kind in CHECKS):
        if area.number not in touched:
            continue
        try:
            check(area)
        except ProcessError as error:
            raise BuildError(
                f"a UUID's text stands in the structures of the file system of {area}, where it cannot be replaced",
                hint="a file or link is named after the UUID: remove it, or leave the operation fs-uuids out",
            ) from error
    return len(inside) + _in_grub_core(raw, {old.encode(): new.encode() for old, new in texts.items()})


def _in_grub_core(raw: Disk, texts: Mapping[bytes, bytes]) -> int:
    with Source.open(raw.path) as source:
        offset = grub_core.core_at(source.read(0, grub_core.SECTOR))
        core = source.read(offset, grub_core.LARGEST) if offset is not None else b""
    patch = grub_core.patch(core, texts)
    if offset is None or patch is None:
        return 0
    _write(raw.path, {offset: patch.content})
    return patch.places


def _uuid_of(area: Area) -> str:
    found = recognize(area.path, area.offset)
    return found.uuid if found is not None else ""


def _write(path: Path, writes: Mapping[int, bytes]) -> None:
    """Write at offsets in bytes."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        with full_disk_as_host_error(path.parent, f"writing {path}"):
            for offset, content in writes.items():
                write_all(descriptor, content, offset)
    finally:
        os.close(descriptor)


def _areas(raw: Disk) -> Iterator[tuple[Area, FileSystemKind]]:
    for partition in partitions_or_whole(raw.path):
        found = recognize(raw.path, partition.offset)
        if found is not None:
            yield Area(raw.path, partition.number, partition.offset, partition.size), found.kind


def _ext(area: Area, new: str) -> None:
    tune2fs(area, "-U", new)


def _check_ext(area: Area) -> None:
    e2fsck(area, "-fn")


def _xfs(area: Area, new: str) -> None:
    with carved(area) as copy:
        _run(area, "xfs_db", "-x", "-f", "-c", f"uuid {new}", copy.name)


def _check_xfs(area: Area) -> None:
    with carved(area) as copy:
        _run(area, "xfs_repair", "-n", "-f", copy.name)


def _run(area: Area, *argv: str) -> None:
    run_limited(argv, folder=area.path.parent, what=f"giving {area} a new UUID", timeout=area.timeout)


def _swap(area: Area, new: str) -> None:
    _write(area.path, {area.offset + SWAP_UUID: uuid.UUID(new).bytes})


EXT = (FileSystemKind.EXT2, FileSystemKind.EXT3, FileSystemKind.EXT4)
SETTERS: Mapping[FileSystemKind, Callable[[Area, str], None]] = {
    **dict.fromkeys(EXT, _ext),
    FileSystemKind.XFS: _xfs,
    FileSystemKind.SWAP: _swap,
}
CHECKS: Mapping[FileSystemKind, Callable[[Area], None]] = {
    **dict.fromkeys(EXT, _check_ext),
    FileSystemKind.XFS: _check_xfs,
}
