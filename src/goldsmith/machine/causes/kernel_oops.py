"""The kernel went on after a fault of its own, or tried to."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "kernel-oops",
    cause="the kernel met a fault of its own",
    hint="compare the kernel with the machine's CPU model; the console has the trace",
    line=r"BUG: unable to handle|BUG: kernel NULL pointer|kernel BUG at |Oops: \d|general protection fault",
)
