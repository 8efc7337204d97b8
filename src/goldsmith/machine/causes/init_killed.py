"""PID 1 has ended. Exit code 0x7f00 is a program or library that is missing, 0x0b a crash."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "init-killed",
    cause="the first process died",
    hint=(
        "look at init= of the kernel's command line, and whether /sbin/init and its libraries are whole in the image"
    ),
    line="Kernel panic - not syncing: Attempted to kill init",
    ends=True,
)
