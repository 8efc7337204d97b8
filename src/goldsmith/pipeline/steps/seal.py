"""Seal the disk: scrub what deletion leaves, flatten, compress."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldsmith.disk.disk import Disk
from goldsmith.disk.seal import Packing, Sealed, seal
from goldsmith.events import Emit
from goldsmith.pipeline.step import step

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class SealedDisk:
    sealed: Sealed
    packing: Packing

    @property
    def summary(self) -> str:
        virtual = self.sealed.disk.virtual_size / MIB
        told = f"{virtual:.0f} MiB virtual → {self.sealed.size / MIB:.1f} MiB {self.packing.value}"
        if (renewed := self.sealed.renewed) is None:
            return told
        return f"{told}, {len(renewed.by_old)} new UUIDs of file systems, written in {renewed.places} places"


@step("seal")
def seal_disk(
    emit: Emit, disk: Disk, output: Path, packing: Packing, scratch: Path, *, new_uuids: str | None = None
) -> SealedDisk:
    """`new_uuids` is what new UUIDs of file systems are made from; without it they stay."""
    sealed = seal(disk, output, packing=packing, scratch=scratch, new_uuids=new_uuids, emit=emit)
    return SealedDisk(sealed, packing)
