"""systemd tells it every half second while nothing else happens; or it has told the begin of a unit and not its end."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "start-job-runs",
    cause="systemd waits for {what}",
    hint="give the unit a TimeoutStartSec=, or do not let the boot wait for it",
    line=(
        r"^\[[ *]+\] (?:\(\d+ of \d+\) )?(?:A start job is running for |Job )"
        r"(?P<what>.+?)(?:/start running)? \([^()]+ / [^()]+\)"
    ),
    passing=True,
)
