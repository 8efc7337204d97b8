"""Something in the guest could not write."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "disk-full",
    cause="a file system of the guest is full",
    hint="give the image a larger disk, and let its root file system grow on the first boot",
    line="No space left on device",
)
