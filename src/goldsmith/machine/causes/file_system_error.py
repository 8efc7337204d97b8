"""The kernel found metadata that cannot be right."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "file-system-error",
    cause="the kernel found a damaged file system",
    hint="check the image's file systems: something wrote to it after it was made, or it is cut short",
    line=(
        r"EXT4-fs error \(device|BTRFS (?:error|critical) \(device"
        r"|XFS \(\S+\): (?:Metadata corruption|Corruption|log I/O error|metadata I/O error)"
    ),
)
