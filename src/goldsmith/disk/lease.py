"""Scratch folders that do not outlive their run for long: hidden, private, leased by a lock that dies with its holder.

The lock is an flock on the folder itself: the kernel drops it however the run ends, SIGKILL and power loss included. A
folder whose lock is free belongs to a dead run. Making and clearing happen under a lock on the parent, so that a folder
that was made but is not leased yet is never taken for a dead one.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from goldsmith.disk.limits import full_disk_as_host_error
from goldsmith.errors import HostError, InputError

PREFIX = ".goldsmith-"


@dataclass(frozen=True, slots=True)
class Stale:
    """Something that a dead run left, and how many bytes of disk it holds."""

    path: Path
    bytes: int


@contextmanager
def lease(folder: Path) -> Iterator[Path]:
    """A new private folder in `folder` (made if needed), removed at the end. What dead runs left is cleared first.

    Raises HostError where `folder` cannot be written.
    """
    clear_stale(make_folder(folder))
    with locked(folder), full_disk_as_host_error(folder, f"making a scratch folder in {folder}"):
        made = folder / f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
        made.mkdir(mode=0o700)
        descriptor = _open_folder(made)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield made
    finally:
        try:
            _remove(made)
        finally:
            os.close(descriptor)


def stale(folder: Path) -> tuple[Stale, ...]:
    """The scratch folders in `folder` that dead runs of this user left."""
    return tuple(Stale(path, disk_usage(path)) for path, descriptor in _dead(folder) if _closed(descriptor))


def clear_stale(folder: Path) -> tuple[Stale, ...]:
    """Remove the scratch folders that dead runs left; returns what was removed."""
    cleared: list[Stale] = []
    if not folder.is_dir():
        return ()
    with locked(folder):
        for path, descriptor in _dead(folder):
            try:
                size = disk_usage(path)
                _remove(path)
                cleared.append(Stale(path, size))
            except HostError:
                continue  # a leftover that cannot go must not keep new runs from starting; `stale` still lists it
            finally:
                os.close(descriptor)
    return tuple(cleared)


def make_folder(folder: Path) -> Path:
    """Make a folder with its parents and see that it can be written. Raises InputError or HostError where it cannot."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is no folder", hint="name a folder for images")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{folder} cannot be a folder: a parent of it is a file") from None
    except OSError as error:
        raise HostError(f"the folder {folder} cannot be made: {error.strerror}", hint="name another folder") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise HostError(f"the folder {folder} cannot be written", hint="name another folder, or change its owner")
    return folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One run at a time within this block, by a lock on the folder itself; waits for the other."""
    descriptor = _open_folder(folder.resolve())
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            raise HostError(
                f"{folder} cannot be locked: {error.strerror}", hint="name a folder on a local disk"
            ) from error
        yield
    finally:
        os.close(descriptor)


def disk_usage(path: Path) -> int:
    """Bytes of disk that a file or a folder with all it contains holds; what vanishes meanwhile counts nothing."""
    try:
        found = path.lstat()
    except OSError:
        return 0
    size = found.st_blocks * 512
    if stat.S_ISDIR(found.st_mode):
        try:
            size += sum(disk_usage(child) for child in path.iterdir())
        except OSError:
            return size
    return size


def _dead(folder: Path) -> Iterator[tuple[Path, int]]:
    """(path, descriptor that holds its lock) of each scratch folder of ours whose lock was free."""
    if not folder.is_dir():
        return
    for path in sorted(folder.glob(f"{PREFIX}*-*")):
        try:
            descriptor = _open_folder(path)
        except HostError:
            continue  # a file, a link, another user's, or gone
        if os.fstat(descriptor).st_uid == os.geteuid() and not _holds_mount(path) and _lock_is_free(descriptor):
            yield path, descriptor
        else:
            os.close(descriptor)


def _lock_is_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _closed(descriptor: int) -> bool:
    os.close(descriptor)
    return True


def _open_folder(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise HostError(f"{path} cannot be opened: {error.strerror}") from error


def _holds_mount(path: Path) -> bool:
    """Whether something is mounted below: removing would reach into it."""
    inside = os.fsencode(path.resolve())
    with Path("/proc/self/mountinfo").open("rb") as mounts:
        points = [_unescaped(line.split(b" ")[4]) for line in mounts]
    return any(point == inside or point.startswith(inside + b"/") for point in points)


def _unescaped(point: bytes) -> bytes:
    """A mount point as proc(5) writes it: blanks, newlines and backslashes as three octal digits."""
    return re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), point)


def _remove(path: Path) -> None:
    def open_up(remove: Callable[..., object], stuck: str, _: object) -> None:
        # A guest's tree has folders that even their owner may not write.
        Path(stuck).parent.chmod(0o700)
        if remove in {os.rmdir, os.unlink}:
            remove(stuck)
        else:
            Path(stuck).chmod(0o700)
            shutil.rmtree(stuck)

    try:
        shutil.rmtree(path, onerror=open_up)
    except FileNotFoundError:
        return
    except OSError as error:
        raise HostError(
            f"the scratch folder {path} cannot be removed: {error.strerror}", hint="goldsmith gc tries again"
        ) from error
