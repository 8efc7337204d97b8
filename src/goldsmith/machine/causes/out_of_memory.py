"""The kernel or systemd-oomd killed something for its memory."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "out-of-memory",
    cause="the machine ran out of memory",
    hint="give the machine more memory, or find what needs it",
    line=(
        r"Out of memory: Kill|Memory cgroup out of memory|invoked oom-killer|killed by the OOM killer"
        r"|systemd-oomd\[\d+\]: Killed|System is deadlocked on memory|panic_on_oom"
    ),
)
