"""What a worker is told about the disk that it opens."""

from __future__ import annotations

from goldsmith.disk.disk import Disk
from goldsmith.disk.header import inspect
from goldsmith.disk.lock import refuse_used
from goldsmith.guest.worker.wire import Message


def describe(disk: Disk, *, read_only: bool, grow: bool, accelerated: bool = False, cache: str = "") -> Message:
    """The disk's chain, top first, each with its stated format; and how to open it.

    Raises TrustError or InputError where a header says something else than what was stated, InputError where a running
    machine uses a disk that is to be changed.
    """
    if not read_only:
        refuse_used(disk.path)
    chain: list[list[str]] = []
    link: Disk | None = disk
    while link is not None:
        inspect(link.path, link.format, backing=link.backing.path if link.backing is not None else None)
        chain.append([str(link.path.absolute()), link.format.value])
        link = link.backing
    return {
        "chain": chain,
        "virtual_size": disk.virtual_size,
        "read_only": read_only,
        "grow": grow,
        "accelerated": accelerated,
        "cache": cache,
    }
