"""The kernel could not read or write a disk."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "io-error",
    cause="a disk of the guest cannot be read or written",
    hint="look at the disk and the free space of this host; the image may be cut short",
    line=r"I/O error, dev \S+, sector|Buffer I/O error on dev",
)
