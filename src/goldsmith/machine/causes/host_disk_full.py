"""Found where a machine fails and the file system of its overlay has no room left."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "host-disk-full",
    cause="this host has no room left for the machine's disk",
    hint="free space where the pool and its scratch folders lie, or set another --pool",
    ends=True,
)
