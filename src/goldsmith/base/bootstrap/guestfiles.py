"""The files that a bootstrap puts into the guest beside its packages, and the script that ends it inside."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Mapping

from goldsmith.base.bootstrap.ids import Ids

# As in Debian's grub-cloud-amd64: the console of a person and the one of a log.
KERNEL_OPTIONS = "ro console=tty0 console=ttyS0,115200"


def early_files(ids: Ids) -> dict[str, str]:
    """What has to be there before the kernel is installed, whose initramfs is made from it."""
    return {
        "etc/fstab": (
            f"UUID={ids.root} / ext4 rw,discard,errors=remount-ro,x-systemd.growfs 0 1\n"
            f"UUID={ids.esp} /boot/efi vfat defaults,umask=0077 0 0\n"
        ),
        # The initramfs is made where no block device is: it cannot find out, and would leave out fsck.
        "etc/initramfs-tools/conf.d/fstype": "FSTYPE=ext4\n",
    }


def late_files(ids: Ids, sources: str) -> dict[str, str]:
    """What packages must not find or would ask about. `sources` is empty where mmdebstrap's own stay."""
    files = {
        "etc/hostname": "localhost\n",
        "etc/hosts": (
            "127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n"
            "ff02::1\t\tip6-allnodes\nff02::2\t\tip6-allrouters\n"
        ),
        "etc/netplan/90-default.yaml": NETPLAN,
        "etc/systemd/system/systemd-networkd-wait-online.service.d/without-interface.conf": WAIT_ONLINE,
        "boot/grub/grub.cfg": grub_menu(ids),
        "boot/grub/i386-pc/load.cfg": grub_search(ids),
    }
    if sources:
        files["etc/apt/sources.list.d/debian.sources"] = sources
    return files


def grub_search(ids: Ids) -> str:
    """What grub-install writes too: find the root file system wherever the disk is plugged in."""
    return f"search.fs_uuid {ids.root} root hd0,gpt1\nset prefix=($root)'/boot/grub'\n"


def grub_menu(ids: Ids) -> str:
    """A menu by the links that every kernel package keeps at the newest kernel: it stays right across upgrades.

    `update-grub` cannot run where no block device is, and replaces this menu as soon as it runs in a booted clone.
    """

    def entry(title: str, suffix: str) -> str:
        return (
            f"menuentry '{title}' --class debian --class gnu-linux --class os {{\n"
            f"  search --no-floppy --fs-uuid --set=root {ids.root}\n"
            f"  linux /vmlinuz{suffix} root=UUID={ids.root} {KERNEL_OPTIONS}\n"
            f"  initrd /initrd.img{suffix}\n}}\n"
        )

    return (
        "set default=0\nset timeout=1\nserial --speed=115200\nterminal_input console serial\n"
        "terminal_output console serial\n"
        + entry("Debian GNU/Linux", "")
        + entry("Debian GNU/Linux, old kernel", ".old")
    )


def finish_script(*, own_sources: bool) -> str:
    """Runs as root inside the guest when all packages are there."""
    return FINISH + (OWN_SOURCES if own_sources else "")


FINISH = r"""set -eu
systemctl --quiet enable systemd-networkd systemd-resolved serial-getty@ttyS0.service
# Through the link that Debian 13 has there; the same value keeps cloud-init's locale module from acting.
printf 'LANG=C.UTF-8\n' > /etc/default/locale
ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf

# What grub-install leaves in /boot/grub, made by the guest's own GRUB so that modules and core fit together.
mkdir -p /boot/efi /boot/grub/fonts /boot/grub/x86_64-efi
cd /usr/lib/grub
cp i386-pc/*.mod i386-pc/*.lst i386-pc/boot.img /boot/grub/i386-pc/
cp x86_64-efi/*.mod x86_64-efi/*.lst /boot/grub/x86_64-efi/
cp /usr/share/grub/unicode.pf2 /boot/grub/fonts/
grub-editenv /boot/grub/grubenv create
grub-mkimage -O i386-pc -d i386-pc -p /boot/grub -c /boot/grub/i386-pc/load.cfg -o /boot/grub/i386-pc/core.img \
    biosdisk part_gpt ext2 search_fs_uuid
# grub-cloud-amd64 renews both loaders where this file is: only in a booted clone, where it can find the disk.
ln -sf /run/systemd/system /etc/grub.d/enable_cloud

# Of this build and its host.
rm -f /etc/ssh/ssh_host_* /etc/dpkg/dpkg.cfg.d/99mmdebstrap /etc/.resolv.conf.systemd-resolved.bak
rm -f /var/lib/dbus/machine-id /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
: > /etc/machine-id
"""
# mmdebstrap's own lists name the mirror as it was used, credentials included.
OWN_SOURCES = "rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*.list\n"

# Official cloud images bring this up where cloud-init gives no network configuration of its own.
NETPLAN = """\
network:
  version: 2
  ethernets:
    all-en:
      match: {name: en*}
      dhcp4: true
      dhcp4-overrides: {use-domains: true}
      dhcp6: true
      dhcp6-overrides: {use-domains: true}
    all-eth:
      match: {name: eth*}
      dhcp4: true
      dhcp4-overrides: {use-domains: true}
      dhcp6: true
      dhcp6-overrides: {use-domains: true}
"""

# Without this a machine with no network interface waits two minutes at every boot (measured: systemd 252).
WAIT_ONLINE = """\
# A machine without a network interface has nothing to wait for.
[Service]
ExecCondition=/bin/sh -c 'udevadm settle --timeout=30; set -- /sys/class/net/e*; test -e "$1"'
"""


def as_tar(files: Mapping[str, str]) -> bytes:
    """Files of root, 0644 (0600 for network configuration), with their folders, 0755."""
    out = io.BytesIO()
    now = int(time.time())
    with tarfile.open(fileobj=out, mode="w") as tar:
        folders = {parent for name in files for parent in _parents(name)}
        for folder in sorted(folders):
            info = tarfile.TarInfo(folder)
            info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, now
            tar.addfile(info)
        for name, text in files.items():
            data = text.encode()
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), now
            info.mode = 0o600 if name.startswith("etc/netplan/") else 0o644
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _parents(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]
