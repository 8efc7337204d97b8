"""A processor did not get anywhere for long. Emulated ones on a crowded host do so without a fault."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "kernel-stall",
    cause="the kernel waits for a processor or a disk that does not answer",
    hint="this host is crowded or its storage hangs: run fewer machines at once",
    line=("soft lockup - CPU#|self-detected stall on CPU|detected stalls on CPUs|INFO: task .+ blocked for more than"),
)
