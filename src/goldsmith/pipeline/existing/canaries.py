"""Canaries: files of the host whose content must not stand in an image."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from goldsmith.errors import InputError
from goldsmith.secrets import FEWEST_DIFFERENT, LARGEST, SHORTEST, Secret


def read_canaries(paths: Iterable[Path]) -> tuple[Secret, ...]:
    """One canary for each file, named after it. Line ends at the file's end do not count.

    Raises InputError where a file cannot be read, or what stands in it is too little to be found on purpose.
    """
    return tuple(Secret(str(path), _content(path)) for path in dict.fromkeys(paths))


def _content(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK a FIFO would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(f"the canary {path} cannot be read: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InputError(f"the canary {path} is no regular file", hint="write the bytes to look for into a file")
        content = os.read(descriptor, LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > LARGEST:
        raise InputError(
            f"the canary {path} is longer than {LARGEST} bytes",
            hint="what is longer may lie in pieces on a disk: give a part of it",
        )
    said = content.strip(b"\r\n")
    if len(said) < SHORTEST or len(set(said)) < FEWEST_DIFFERENT:
        raise InputError(
            f"the canary {path} is too simple: its bytes turn up in any image by chance",
            hint=f"give at least {SHORTEST} bytes, {FEWEST_DIFFERENT} of them different",
        )
    return content
