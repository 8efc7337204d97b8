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
        return f"{virtual:.0f} MiB virtual → {self.sealed.size / MIB:.1f} MiB {self.packing.value}"


@step("seal")
def seal_disk(emit: Emit, disk: Disk, output: Path, packing: Packing, scratch: Path) -> SealedDisk:
    return SealedDisk(seal(disk, output, packing=packing, scratch=scratch, emit=emit), packing)
