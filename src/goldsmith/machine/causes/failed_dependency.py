"""What waits for a unit that failed fails with it."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "failed-dependency",
    cause="systemd gave up {what}: something that it needs has failed",
    hint="the first failed unit above it on the console is the cause",
    line=r"^\[DEPEND\] Dependency failed for (?P<what>.+)",
)
