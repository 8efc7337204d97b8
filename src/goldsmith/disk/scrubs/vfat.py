"""Makes FAT12, FAT16 and FAT32 forget what was deleted: free clusters, deleted directory entries, and the slack behind
the ends of files and directories become zero. Layout as in Microsoft's "FAT32 File System Specification" 1.03.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from goldsmith.disk.erase import erase
from goldsmith.disk.limits import full_disk_as_host_error
from goldsmith.disk.scrub import Area, unproven
from goldsmith.findings import Finding

ENTRY = 32
# 64 GiB of the usual clusters of 4 KiB; bounds the memory that a hostile boot sector can ask for.
MAX_CLUSTERS = 1 << 24
DELETED, END = 0xE5, 0x00
DIRECTORY, VOLUME_LABEL, LONG_NAME = 0x10, 0x08, 0x0F


class _DamagedError(Exception):
    """The file system contradicts itself; nothing of it is trusted."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Offsets from the area's start and sizes, in bytes; `bits` is 12, 16 or 32."""

    bits: int
    fat_offset: int
    fat_size: int
    root_offset: int
    root_size: int
    root_cluster: int
    data_offset: int
    cluster: int
    clusters: int


def scrub(area: Area) -> tuple[Finding, ...]:
    """Scrub one file system in place; one that contradicts itself stays as it is, and is said to be unproven."""
    descriptor = os.open(area.path, os.O_RDWR | os.O_CLOEXEC)
    try:
        with full_disk_as_host_error(area.path.parent, f"scrubbing {area}"):
            # All reading comes first: nothing is written to a file system that turns out to be damaged.
            stretches = list(_Fat(descriptor, area).unused())
            for offset, length in stretches:
                erase(descriptor, area.offset + offset, length)
    except _DamagedError as error:
        return (unproven(area, f"its FAT file system is damaged: {error}"),)
    finally:
        os.close(descriptor)
    return ()


def read_layout(sector: bytes, size: int) -> Layout:
    """Where everything lies, from the boot sector of a file system of at most `size` bytes."""
    (sector_size, per_cluster, reserved, fats, root_entries, small_total, _, fat16_sectors) = struct.unpack_from(
        "<HBHBHHBH", sector, 11
    )
    large_total, fat32_sectors = struct.unpack_from("<II", sector, 32)
    root_cluster = struct.unpack_from("<I", sector, 44)[0]
    if sector_size not in {512, 1024, 2048, 4096} or per_cluster not in {1 << n for n in range(8)} or not fats:
        raise _DamagedError("its boot sector has impossible sizes")
    total, fat_sectors = small_total or large_total, fat16_sectors or fat32_sectors
    root_sectors = -(-root_entries * ENTRY // sector_size)
    first_data = reserved + fats * fat_sectors + root_sectors
    if not 0 < first_data < total or total * sector_size > size:
        raise _DamagedError("it is larger than its partition")
    clusters = (total - first_data) // per_cluster
    if clusters > MAX_CLUSTERS:
        raise _DamagedError(f"it claims {clusters} clusters")
    bits = 12 if clusters < 4085 else 16 if clusters < 65525 else 32
    if fat_sectors * sector_size * 8 < (clusters + 2) * bits:
        raise _DamagedError("its allocation table is too short")
    return Layout(
        bits=bits,
        fat_offset=reserved * sector_size,
        fat_size=fat_sectors * sector_size,
        root_offset=(reserved + fats * fat_sectors) * sector_size,
        root_size=root_sectors * sector_size,
        root_cluster=root_cluster if bits == 32 else 0,
        data_offset=first_data * sector_size,
        cluster=per_cluster * sector_size,
        clusters=clusters,
    )


class _Fat:
    def __init__(self, descriptor: int, area: Area) -> None:
        self._descriptor = descriptor
        self._area = area
        self._layout = read_layout(self._read(0, 512), area.size)
        self._next = _table(self._read(self._layout.fat_offset, self._layout.fat_size), self._layout)

    def unused(self) -> Iterator[tuple[int, int]]:
        """(offset, length) from the area's start of everything that no file and no directory shows."""
        layout = self._layout
        for cluster in range(2, layout.clusters + 2):
            if self._next[cluster] == 0:
                yield self._at(cluster), layout.cluster
        root = self._chain(layout.root_cluster) if layout.root_cluster else []
        places = [(self._at(cluster), layout.cluster) for cluster in root] or [(layout.root_offset, layout.root_size)]
        pending, seen = [places], set(root)
        while pending:
            for offset, entry in self._entries(places := pending.pop()):
                if entry is None or entry[0] == DELETED:
                    # The mark itself stays: readers stop at a zero.
                    skipped = 0 if entry is None else 1
                    yield offset + skipped, ENTRY - skipped
                    continue
                attributes = entry[11]
                if attributes & LONG_NAME == LONG_NAME or attributes & VOLUME_LABEL or entry[0] == ord("."):
                    continue
                chain = self._chain(
                    struct.unpack_from("<H", entry, 20)[0] << 16 | struct.unpack_from("<H", entry, 26)[0]
                )
                if seen.intersection(chain):
                    raise _DamagedError("two files share a cluster")
                seen.update(chain)
                if attributes & DIRECTORY:
                    pending.append([(self._at(cluster), layout.cluster) for cluster in chain])
                else:
                    yield from self._slack(chain, struct.unpack_from("<I", entry, 28)[0])

    def _entries(self, places: list[tuple[int, int]]) -> Iterator[tuple[int, bytes | None]]:
        """(offset, entry) of a directory; None for every entry behind its end."""
        ended = False
        for offset, length in places:
            data = self._read(offset, length)
            for at in range(0, length, ENTRY):
                ended = ended or data[at] == END
                yield offset + at, None if ended else data[at : at + ENTRY]

    def _slack(self, chain: list[int], size: int) -> Iterator[tuple[int, int]]:
        for number, cluster in enumerate(chain):
            used = min(max(size - number * self._layout.cluster, 0), self._layout.cluster)
            if used < self._layout.cluster:
                yield self._at(cluster) + used, self._layout.cluster - used

    def _chain(self, first: int) -> list[int]:
        chain: list[int] = []
        cluster, seen = first, set[int]()
        while 2 <= cluster < self._layout.clusters + 2:
            if cluster in seen:
                raise _DamagedError("a chain of clusters is a loop")
            seen.add(cluster)
            chain.append(cluster)
            cluster = self._next[cluster]
        # Zero is an empty file, at the start only; from 0xFF8 (in its width) on it is the end of a chain.
        if cluster < (1 << min(self._layout.bits, 28)) - 8 and (chain or cluster):
            raise _DamagedError("a chain of clusters leads nowhere")
        return chain

    def _at(self, cluster: int) -> int:
        return self._layout.data_offset + (cluster - 2) * self._layout.cluster

    def _read(self, offset: int, length: int) -> bytes:
        data = os.pread(self._descriptor, length, self._area.offset + offset)
        if len(data) < length:
            raise _DamagedError("it ends early")
        return data


def _table(data: bytes, layout: Layout) -> list[int]:
    """The allocation table: for each cluster the next one of its chain, 0 where it is free."""
    count = layout.clusters + 2
    match layout.bits:
        case 32:
            return [value & 0x0FFF_FFFF for value in struct.unpack_from(f"<{count}I", data)]
        case 16:
            return list(struct.unpack_from(f"<{count}H", data))
        case _:
            # Two entries in three bytes.
            return [
                int.from_bytes(data[n * 3 // 2 : n * 3 // 2 + 2], "little") >> (4 if n % 2 else 0) & 0xFFF
                for n in range(count)
            ]
