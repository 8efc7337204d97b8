"""A unit of systemd failed. Most boots go on without it."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "failed-unit",
    cause="systemd could not start {what}",
    hint="the clone's journal has its last words: systemctl status, journalctl -u",
    line=r"^\[FAILED\] Failed to (?:start|mount|activate|listen on|set up) (?P<what>.+)",
)
