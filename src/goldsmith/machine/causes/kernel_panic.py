"""Any other panic."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "kernel-panic",
    cause="the kernel panicked",
    hint="the console has the trace; compare the kernel with the machine's CPU model and memory",
    line="Kernel panic - not syncing",
    unless="VFS: Unable to mount root fs|Attempted to kill init",
    ends=True,
)
