"""The kernel could not unpack it. Harmless where a boot goes on; then no part that it needed was in it."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "initramfs-damaged",
    cause="the initramfs could not be unpacked",
    hint="make the initramfs anew; a full /boot while it was written leaves such a file",
    line="Initramfs unpacking failed",
)
