"""Runs a program that parses bytes of others under limits, and tells a full disk from a failure."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from goldsmith.errors import HostError, ProcessError
from goldsmith.run import Completed, require, run

# Address space, in bytes. Converting maps about 0.5 GiB with QEMU 7.2; libguestfs and KubeVirt allow 1 GiB to inspect.
MEMORY = 4 << 30
OUT_OF_SPACE = re.compile(r"No space left on device|Disk quota exceeded|EDQUOT")
# A program that lost a write may say only "I/O error": with less than this free (bytes), the disk is what failed.
NOTHING_FREE = 64 << 10


def limited(argv: Sequence[str]) -> list[str]:
    """The same program with bounded memory and no core dump. Raises HostError if it is not installed."""
    require(argv[0])
    return ["prlimit", f"--as={MEMORY}", "--core=0", "--", *argv]


def run_limited(
    argv: Sequence[str],
    *,
    folder: Path,
    what: str,
    timeout: float,
    accepted: Collection[int] = (0,),
    env: Mapping[str, str] | None = None,
) -> Completed:
    """Run a program in `folder`, where it also writes. Exit codes other than `accepted` raise HostError where the
    disk is full, else ProcessError; `what` is the sentence's subject, such as "checking x.qcow2".
    """
    done = run(limited(argv), timeout=timeout, check=False, cwd=folder if folder.is_dir() else None, env=env)
    if done.returncode not in accepted:
        raise failure(argv[0], done.returncode, done.tail(), folder=folder, what=what)
    return done


def failure(program: str, returncode: int, tail: Sequence[str], *, folder: Path, what: str) -> HostError | ProcessError:
    """The error for a program that failed."""
    said = "\n".join(tail)
    if OUT_OF_SPACE.search(said) or is_full(folder):
        return no_space(folder, what)
    if "Permission denied" in said or "Read-only file system" in said:
        return HostError(f"{what} failed: {tail[-1].strip()}", hint=f"make {folder} writable")
    return ProcessError(f"{what} failed: {program} ended with exit code {returncode}", log_tail=tail)


@contextmanager
def full_disk_as_host_error(folder: Path, what: str) -> Iterator[None]:
    """An OSError of our own writes that means a full or unwritable disk, as HostError."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise no_space(folder, what) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise HostError(f"{what} failed: {error}", hint=f"make {folder} writable") from error
        raise


def no_space(folder: Path, what: str) -> HostError:
    """What every stage says when its disk is full."""
    return HostError(f"no space left in {folder} while {what}", hint="free some, or name a folder on a larger disk")


def is_full(folder: Path) -> bool:
    """Whether there is practically no room left in the folder's file system."""
    try:
        return shutil.disk_usage(folder).free < NOTHING_FREE
    except OSError:
        return False
