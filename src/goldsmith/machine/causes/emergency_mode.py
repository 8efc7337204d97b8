"""systemd's own: something that local-fs.target needs has failed, or somebody asked for it."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "emergency-mode",
    cause="systemd went into emergency or rescue mode",
    hint="what failed stands above it on the console: most often a line of /etc/fstab whose file system is not there",
    line=(
        "^You are in (?:emergency|rescue) mode|^Cannot open access to console, the root account is locked"
        "|^Give root password for maintenance|^Press Enter for maintenance"
    ),
    ends=True,
)
