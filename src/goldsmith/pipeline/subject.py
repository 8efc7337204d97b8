"""What a command's argument stands for: a disk image, a directory, or an image of the pool."""

from __future__ import annotations

from pathlib import Path

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.header import inspect
from goldsmith.errors import InputError


def disk_or_tree(path: Path, stated: DiskFormat | None) -> Disk | Path:
    """A directory is a tree, anything else a disk whose format is stated by its name or by `stated`.

    Raises InputError where nothing is there or the format is not stated, TrustError where the disk is not what it is
    said to be.
    """
    if path.is_dir():
        if stated is not None:
            raise InputError(f"{path} is a directory: it has no disk format", hint="leave --format out")
        return path.resolve()
    if not path.exists():
        raise InputError(f"{path} does not exist")
    disk_format = stated or _by_name(path)
    return Disk(path.resolve(), disk_format, inspect(path, disk_format))


def _by_name(path: Path) -> DiskFormat:
    for known in DiskFormat:
        if path.suffix == f".{known.value}":
            return known
    raise InputError(
        f"the format of {path} is not stated", hint="name it .qcow2 or .raw, or say --format qcow2 or --format raw"
    )
