"""Keeps a base in the cache while overlays lie on it: whoever clears the cache passes by what somebody holds.

The lock is an flock on a file beside the base's, in `locks/`: the kernel drops it however the run ends. Not on the base
itself, which nobody may write: on NFS an exclusive flock needs a descriptor that can.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from goldsmith.base.base import Base
from goldsmith.errors import HostError


@contextmanager
def held(base: Base) -> Iterator[None]:
    """Nobody removes the base from the cache within this block.

    Raises HostError where it was removed a moment before, or where the cache cannot be locked.
    """
    image = base.disk.path
    try:
        descriptor = _open(image)
    except OSError as error:
        raise _unlockable(image, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        except OSError as error:
            raise _unlockable(image, error) from error
        if not image.exists():
            raise HostError(f"the base {image} was removed from the cache just now", hint="run the same command again")
        yield
    finally:
        os.close(descriptor)


@contextmanager
def if_unused(image: Path) -> Iterator[bool]:
    """Whether nobody holds the base at `image`; as long as the block lasts nobody can begin to."""
    try:
        descriptor = _open(image)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


def _open(image: Path) -> int:
    return os.open(image.parent / "locks" / f"{image.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _unlockable(image: Path, error: OSError) -> HostError:
    return HostError(
        f"the base {image} cannot be locked: {error.strerror}", hint="name a cache on a local disk with XDG_CACHE_HOME"
    )
