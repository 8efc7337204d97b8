"""Makes XFS forget what was deleted, offline and without mounting: the log is zeroed, so is free space, and everything
that is allocated but unused (`disk/xfs/`): removed entries in directories' blocks among it.

Measured (xfsprogs 6.1, 1,200 deleted canaries of four kinds): names deleted from a directory that still exists, and
names and values of removed attributes, are all in the raw bytes after zeroing log and free space alone.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from goldsmith.disk.carve import carved
from goldsmith.disk.erase import erase
from goldsmith.disk.limits import run_limited
from goldsmith.disk.scrub import Area, unproven
from goldsmith.disk.source import Source
from goldsmith.disk.xfs.forget import forget
from goldsmith.disk.xfs.volume import DamagedError, OldFormatError, UnknownFormatError, read_geometry
from goldsmith.errors import BuildError, ProcessError
from goldsmith.findings import Finding
from goldsmith.run import search_path

# xfs_repair(8): the log holds changes that only a mount can replay.
DIRTY_LOG = 2
# What xfs_repair says of a superblock with features that are younger than itself.
TOO_NEW = re.compile(
    r"unknown (?:incompat|read-only compat|ro-compat|compat)|Using a more recent xfs_repair", re.IGNORECASE
)


def scrub(area: Area) -> tuple[Finding, ...]:
    """Scrub one file system in place. Raises BuildError where it was not unmounted cleanly or is damaged."""
    if shutil.which("xfs_repair", path=search_path()) is None:
        return (unproven(area, "XFS needs xfs_repair, which is not installed (package xfsprogs)"),)
    left: str | None = None
    try:
        with Source.open(area.path) as source:
            read_geometry(source.read(area.offset, 512), area.size)
    except OldFormatError as error:
        left = f"names deleted from directories that still exist stay in its blocks: {error}"
    except UnknownFormatError as error:
        return (unproven(area, f"no way to scrub this XFS is known: {error}"),)
    except DamagedError as error:
        raise _damaged(area, str(error)) from error
    try:
        with carved(area) as copy:
            _zero_log(area, copy)
            left = left or _forget(copy)
            _erase_free(area, copy)
            _run(area, copy, "xfs_repair", "-n", "-f")
    except _TooNewError as error:
        left = str(error)
    return (unproven(area, left),) if left is not None else ()


class _TooNewError(Exception):
    """The installed xfsprogs do not know this file system."""


def _zero_log(area: Area, copy: Path) -> None:
    try:
        code = _run(area, copy, "xfs_repair", "-f", accepted=(0, DIRTY_LOG))[0]
    except ProcessError as error:
        if any(TOO_NEW.search(line) for line in error.log_tail):
            raise _TooNewError("the installed xfs_repair is older than its features (package xfsprogs)") from error
        raise _damaged(area, error.log_tail[-1].strip() if error.log_tail else "xfs_repair says no more") from error
    if code == DIRTY_LOG:
        raise BuildError(
            f"the XFS of {area} was not unmounted cleanly: its log holds changes that only a mount can replay",
            hint="mount and unmount it once, or take a base that was shut down cleanly",
        )
    _run(area, copy, "xfs_repair", "-L", "-f")


def _forget(copy: Path) -> str | None:
    """Blank what is allocated and unused; why that could not be done, or None."""
    descriptor = os.open(copy, os.O_RDWR | os.O_CLOEXEC)
    try:
        forget(descriptor, os.fstat(descriptor).st_size)
    except DamagedError as error:
        return f"its structures are not what xfs_repair took them for: {error}"
    finally:
        os.close(descriptor)
    return None


def _damaged(area: Area, why: str) -> BuildError:
    return BuildError(f"the XFS of {area} is damaged: {why}", hint="repair it in a copy of the base")


def _erase_free(area: Area, copy: Path) -> None:
    listing = _run(area, copy, "xfs_db", "-r", "-f", "-c", "sb 0", "-c", "p agblocks blocksize", "-c", "freesp -d")[1]
    descriptor = os.open(copy, os.O_RDWR | os.O_CLOEXEC)
    try:
        for offset, length in free_stretches(listing):
            erase(descriptor, offset, length)
    finally:
        os.close(descriptor)


def free_stretches(listing: str) -> Iterator[tuple[int, int]]:
    """(offset, length) in bytes of the free extents that `xfs_db -c "freesp -d"` lists by allocation group."""
    sizes = dict(re.findall(r"^(agblocks|blocksize) = (\d+)$", listing, re.MULTILINE))
    if set(sizes) != {"agblocks", "blocksize"}:
        raise BuildError("xfs_db does not say how large the allocation groups are")
    group_blocks, block = int(sizes["agblocks"]), int(sizes["blocksize"])
    for group, start, length in re.findall(r"^\s*(\d+)\s+(\d+)\s+(\d+)$", listing, re.MULTILINE):
        yield (int(group) * group_blocks + int(start)) * block, int(length) * block


def _run(area: Area, copy: Path, program: str, *options: str, accepted: tuple[int, ...] = (0,)) -> tuple[int, str]:
    # xfs_db and xfs_repair take the file first or last alike.
    done = run_limited(
        [program, *options, copy.name],
        folder=copy.parent,
        what=f"scrubbing {area}",
        timeout=area.timeout,
        accepted=accepted,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")
