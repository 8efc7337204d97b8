"""Lay the overlay on the base: everything that follows is written there, the base stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldsmith.base.base import Base
from goldsmith.disk.disk import Disk
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.events import Emit
from goldsmith.pipeline.step import step
from goldsmith.recipe.model import Recipe

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Overlay:
    disk: Disk

    @property
    def summary(self) -> str:
        grown = self.disk.backing is not None and self.disk.virtual_size > self.disk.backing.virtual_size
        return f"overlay of {self.disk.virtual_size / GIB:.1f} GiB{', grown' if grown else ''}"


@step("disk")
def lay_overlay(_emit: Emit, base: Base, recipe: Recipe, scratch: Path) -> Overlay:
    return Overlay(create_overlay(scratch / "overlay.qcow2", base.disk, recipe.disk.size))
