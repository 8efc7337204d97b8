"""The initramfs waits for the root file system: initramfs-tools for 30 s, dracut for 180 s."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "root-not-found",
    cause="the disk or file system that root= names is not there",
    hint="compare root= with the image's UUIDs, and whether the initramfs has the driver of the machine's disk bus",
    line=(
        "^ALERT! .+ does not exist|Gave up waiting for root (?:file system )?device"
        "|dracut.*Warning: .* does not exist|dracut-initqueue.*timeout"
        "|ERROR: device '.+' not found"
    ),
)
