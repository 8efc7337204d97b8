"""The initramfs with which kdump's kernel starts."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

# kdump.service and kdump-tools make them again when they are missing: for the clone's own disks and network.
removal(
    "kdump-images",
    ("/boot/initramfs-*kdump.img", "/boot/initrd-*-kdump", "/boot/initrd.img-*-kdump"),
    covers="kdump's initramfs, made for the build machine's disks and dump target",
    reason="made for the build machine; kdump makes its own",
)
