"""A disk image file on the host: its format is stated, never probed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class DiskFormat(StrEnum):
    """The formats goldsmith works with; qemu-img's names."""

    QCOW2 = "qcow2"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class Disk:
    """`virtual_size` is in bytes; `backing` is the disk that an overlay lies on, set by us or None."""

    path: Path
    format: DiskFormat
    virtual_size: int
    backing: Disk | None = None
