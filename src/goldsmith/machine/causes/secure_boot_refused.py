"""Firmware, shim or GRUB refuse to run what nobody signed."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "secure-boot-refused",
    cause="Secure Boot refused the boot loader or the kernel",
    hint="boot the image without Secure Boot, or use a signed shim, GRUB and kernel",
    line=(
        "bad shim signature|Security Violation|prohibited by secure boot policy"
        "|^BdsDxe: failed to load .+: Access Denied"
    ),
)
