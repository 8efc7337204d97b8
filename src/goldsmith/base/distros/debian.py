"""Debian: a small image in the manner of its official cloud images (genericcloud)."""

from __future__ import annotations

from goldsmith.base.distro import Distro

PACKAGES = (
    # System and network as in the official image: networkd by netplan, resolved, timesyncd.
    "systemd-sysv", "dbus", "udev", "libpam-systemd", "systemd-timesyncd", "systemd-resolved", "libnss-resolve",
    "netplan.io", "netbase", "iproute2", "iputils-ping", "ca-certificates",
    # Kernel and boot loader; grub-cloud-amd64 keeps BIOS and UEFI boot of a running clone up to date.
    "linux-image-cloud-amd64", "initramfs-tools", "zstd", "e2fsprogs", "dosfstools", "grub-cloud-amd64",
    # What makes it a cloud image.
    "cloud-init", "cloud-guest-utils", "qemu-guest-agent", "openssh-server", "sudo",
    # Without locales, cloud-init 22.4 reports an error of update-locale on every first boot.
    "locales", "less", "nano",
)  # fmt: skip
KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp")


def _release(number: int, suite: str) -> Distro:
    return Distro(
        name=f"debian/{number}",
        suite=suite,
        default_user="debian",
        packages=PACKAGES,
        keyrings=KEYRINGS,
        keyring_package="debian-archive-keyring",
    )


DISTROS = (_release(12, "bookworm"), _release(13, "trixie"))
