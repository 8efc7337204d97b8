"""What a file's name states about its bytes: the disk's format, and the compression around it. Nothing is probed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from goldsmith.disk.disk import DiskFormat


class Packer(StrEnum):
    """Compressions of a whole file; values are the suffixes."""

    XZ = "xz"
    ZSTD = "zst"
    GZIP = "gz"


@dataclass(frozen=True, slots=True)
class Stated:
    """What a name says; `format` is None where it says nothing."""

    format: DiskFormat | None
    packer: Packer | None


def stated_by(name: str) -> Stated:
    """`.qcow2` or `.raw` states the format, before a compression suffix too; everything else leaves it open.

    `.img` is used for both formats by vendors and so states neither.
    """
    path = PurePosixPath(name.lower())
    packer = next((packer for packer in Packer if path.suffix == f".{packer}"), None)
    if packer is not None:
        path = path.with_suffix("")
    disk_format = next((known for known in DiskFormat if path.suffix == f".{known}"), None)
    return Stated(disk_format, packer)
