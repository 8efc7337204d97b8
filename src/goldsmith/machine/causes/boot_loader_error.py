"""What GRUB says of a file, a disk or a partition. It goes on to its menu, its prompt, or another entry."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "boot-loader-error",
    cause="the boot loader misses a file or a device",
    hint="compare the kernels, initramfs and UUIDs that grub.cfg names with what is in the image",
    line=(
        r"^error: (?:\S+:\d+: ?)?(?:file .+ not found|disk .+ not found"
        r"|no such (?:device|partition)|unknown filesystem|you need to load the kernel first|out of memory)"
    ),
)
