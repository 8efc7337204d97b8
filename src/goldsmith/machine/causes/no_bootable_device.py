"""SeaBIOS tried every disk; OVMF says so, or starts its own shell."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "no-bootable-device",
    cause="the firmware found nothing to boot",
    hint=(
        "give the image a boot loader for this firmware: BIOS starts one in the first sector, "
        "UEFI starts EFI/BOOT/BOOTX64.EFI of an EFI system partition"
    ),
    line="^No bootable device|^BdsDxe: No bootable option|^UEFI Interactive Shell v",
    prompt="Shell> ",
    ends=True,
)
