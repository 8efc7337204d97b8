"""The disk of one virtual machine: an overlay of an admitted image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldsmith.disk.disk import Disk
from goldsmith.disk.lease import lease
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.errors import InputError
from goldsmith.pool.pool import Image


@dataclass(frozen=True, slots=True)
class CloneDisk:
    disk: Disk
    image: Image

    def as_json(self) -> dict[str, object]:
        return {
            "disk": str(self.disk.path),
            "virtual_size": self.disk.virtual_size,
            "image": str(self.image.name),
            "backing": str(self.image.path),
        }

    def as_text(self) -> list[str]:
        return [
            f"{self.disk.path}: a clone of {self.image.name}",
            "give its machine an SMBIOS UUID of its own, and keep the image: the clone's disk lies on it",
        ]


def clone(image: Image, target: Path, virtual_size: int | None) -> CloneDisk:
    """A new qcow2 at `target` that lies on the image and takes all writes.

    Raises InputError where something is there already or the size is smaller than the image's, HostError where there is
    no space.
    """
    target = target.absolute()
    if target.exists():
        raise InputError(f"{target} is there already", hint="choose another name: nothing is overwritten")
    if not target.parent.is_dir():
        raise InputError(f"there is no folder {target.parent}", hint="make it first")
    with lease(target.parent) as scratch:
        made = create_overlay(scratch / target.name, image.disk, virtual_size)
        try:
            target.hardlink_to(made.path)
        except FileExistsError:
            raise InputError(f"{target} is there already", hint="choose another name: nothing is overwritten") from None
    return CloneDisk(Disk(target, made.format, made.virtual_size, image.disk), image)
