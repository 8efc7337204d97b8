"""Found where a boot stalls and nothing but firmware and boot loader was seen."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "silent-console",
    cause="nothing that a kernel prints was seen on the serial console",
    hint="put console=ttyS0,115200 on the kernel's command line in the image; if it is there, the boot loader hangs",
    ends=True,
)
