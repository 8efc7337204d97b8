"""The one typed wrapper around qemu-img: formats always stated, paths always absolute, time and memory limited.

An absolute path cannot be taken for a protocol (`nbd:`, `json:`) by QEMU. Images of others pass `header.inspect` first.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import IO

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.limits import failure, limited, run_limited
from goldsmith.errors import InputError, ProcessError
from goldsmith.run import TAIL_LINES, running

# Seconds for what reads only metadata, and the slowest rate (bytes a second) taken for what moves data.
METADATA_TIMEOUT = 120.0
SLOWEST = 10 << 20
SECTOR = 512
PERCENT = re.compile(rb"\(\s*([0-9.]+)/100%\)")

OnProgress = Callable[[float], None]


class Compression(StrEnum):
    """How clusters of a qcow2 are packed."""

    NONE = "none"
    ZLIB = "zlib"
    ZSTD = "zstd"


def create_overlay(path: Path, backing: Disk, virtual_size: int | None = None) -> Disk:
    """A new qcow2 that lies on `backing` and takes all writes; `virtual_size` in bytes may only grow.

    Raises InputError where the disk would shrink, HostError where there is no space, ProcessError else.
    """
    size = backing.virtual_size if virtual_size is None else -(-virtual_size // 512) * 512
    if size < backing.virtual_size:
        raise InputError(
            f"a disk of {size} bytes is smaller than its base of {backing.virtual_size} bytes",
            hint="raise disk.size, or leave it out to keep the base's size",
        )
    target = path.absolute()
    options = f"compat=1.1,backing_fmt={backing.format.value}"
    _qemu_img(
        ["create", "-q", "-f", "qcow2", "-o", options, "-b", str(backing.path.absolute()), "-F", backing.format.value,
         str(target), str(size)],
        folder=target.parent,
        what=f"making the overlay {target}",
    )  # fmt: skip
    return Disk(target, DiskFormat.QCOW2, size, backing)


def convert(
    source: Disk,
    target: Path,
    format: DiskFormat,
    *,
    compression: Compression = Compression.NONE,
    on_progress: OnProgress | None = None,
) -> Disk:
    """Copy what a guest would see of `source`, backing files included, into a new file that stands alone.

    Runs of zeros become holes. Without parallel writes (`-W`) the same content gives the same bytes. `on_progress`
    takes the done fraction, 0 to 1. Raises HostError where there is no space, ProcessError else.
    """
    target = target.absolute()
    options: list[str] = []
    if format is DiskFormat.QCOW2:
        options += ["-o", "compat=1.1"]
        if compression is not Compression.NONE:
            options[1] += f",compression_type={compression.value}"
            options.append("-c")
    _qemu_img(
        ["convert", "-p", "-f", source.format.value, "-O", format.value, *options, str(source.path.absolute()),
         str(target)],
        folder=target.parent,
        what=f"converting {source.path}",
        timeout=600 + source.virtual_size / SLOWEST,
        on_progress=on_progress,
    )  # fmt: skip
    return Disk(target, format, source.virtual_size)


def read_range(disk: Disk, offset: int, length: int, folder: Path) -> bytes:
    """Bytes of what a guest would see of a disk, backing files included; short at its end. `folder` is one with room
    for a file of that length. Raises ProcessError, HostError where there is no space.
    """
    first = offset // SECTOR * SECTOR
    last = min(-(-(offset + length) // SECTOR) * SECTOR, disk.virtual_size // SECTOR * SECTOR)
    if last <= first:
        return b""
    # Not `qemu-img dd`: whether its count begins at the skipped part depends on the version.
    file = {"driver": "file", "filename": str(disk.path.absolute())}
    node = {
        "driver": "raw",
        "offset": first,
        "size": last - first,
        "file": {"driver": disk.format.value, "file": file},
    }
    with tempfile.TemporaryDirectory(dir=folder, prefix="range-") as made:
        target = Path(made).absolute() / "bytes"
        _qemu_img(
            ["convert", "-O", "raw", f"json:{json.dumps(node)}", str(target)],
            folder=target.parent,
            what=f"reading {disk.path}",
        )
        return target.read_bytes()[offset - first :][:length]


def check(disk: Disk) -> None:
    """Every cluster of a qcow2 is referenced exactly as counted. Raises ProcessError where it is not; raw has none."""
    if disk.format is DiskFormat.QCOW2:
        _qemu_img(
            ["check", "-q", "-f", "qcow2", str(disk.path.absolute())],
            folder=disk.path.parent,
            what=f"checking {disk.path}",
            timeout=METADATA_TIMEOUT + disk.virtual_size / (SLOWEST * 100),
        )


def _qemu_img(
    arguments: Sequence[str],
    *,
    folder: Path,
    what: str,
    timeout: float = METADATA_TIMEOUT,
    on_progress: OnProgress | None = None,
) -> None:
    if on_progress is None:
        run_limited(["qemu-img", *arguments], folder=folder, what=what, timeout=timeout)
        return
    with tempfile.TemporaryFile() as log:
        returncode = _watched(limited(["qemu-img", *arguments]), log, timeout, on_progress, what)
        # Progress rewrites one line with carriage returns.
        size = os.fstat(log.fileno()).st_size
        said = os.pread(log.fileno(), 1 << 16, max(0, size - (1 << 16))).decode("utf-8", "replace").splitlines()
    if returncode != 0:
        tail = [line for line in said if line.strip() and "/100%)" not in line][-TAIL_LINES:]
        raise failure("qemu-img", returncode, tail, folder=folder, what=what)


def _watched(argv: Sequence[str], log: IO[bytes], timeout: float, on_progress: OnProgress, what: str) -> int:
    deadline = time.monotonic() + timeout
    with running(argv, log=log) as process:
        while (returncode := process.wait(0.2)) is None:
            if time.monotonic() > deadline:
                raise ProcessError(f"{what} did not end within {timeout:.0f} s")
            on_progress(_fraction(log))
    on_progress(1.0)
    return returncode


def _fraction(log: IO[bytes]) -> float:
    """How far qemu-img says it is: the last of the percentages it has printed."""
    # The program writes at the position of this very open file: never move it.
    size = os.fstat(log.fileno()).st_size
    said = PERCENT.findall(os.pread(log.fileno(), 64, max(0, size - 64)))
    return min(1.0, float(said[-1]) / 100) if said else 0.0
