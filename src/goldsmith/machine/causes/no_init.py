"""The root file system is there, but holds nothing that can be the first process."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "no-init",
    cause="the root file system has no init that can be run",
    hint="is the right partition the root, and is /sbin/init (systemd) installed in it?",
    line=(
        r"No working init found|No init found\. Try passing init=|can't execute '/|Failed to execute /\S+ \(error"
        r"|Target filesystem doesn't have requested|does not seem to be an OS tree"
    ),
)
