"""The kernel itself looked for the root file system: there is no initramfs, or an empty one."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "no-root",
    cause="the kernel has no root file system: it got no initramfs, or root= names no disk that it knows",
    hint="look at the initrd line and at root= in the image's boot loader configuration, and make the initramfs anew",
    line="Kernel panic - not syncing: VFS: Unable to mount root fs",
    ends=True,
)
