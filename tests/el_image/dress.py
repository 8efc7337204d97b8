"""Dresses a tree as a Rocky Linux that was installed and booted: identifiers and leftovers as its own tools write
them. What runs in it may be another distribution's.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

MACHINE_ID = "8a3ee05a6e0b4a2f9c4c1f9b0d4cafe1"
BOOT_UUID = "b0071111-2222-4333-8444-555555555555"
ROOT_UUID = "0f5c1111-2222-4333-8444-555555555555"
ESP_SERIAL = "E5B0-1111"
RELEASES = {"10": "10.0 (Red Quartz)", "9": "9.6 (Blue Onyx)"}
RELEASE = """\
NAME="Rocky Linux"
VERSION="{version}"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="{number}"
PLATFORM_ID="platform:el{major}"
PRETTY_NAME="Rocky Linux {version}"
CPE_NAME="cpe:/o:rocky:rocky:{major}::baseos"
"""
FSTAB = f"""\
UUID={ROOT_UUID} / xfs defaults 0 0
UUID={BOOT_UUID} /boot ext4 defaults 1 2
UUID={ESP_SERIAL} /boot/efi vfat umask=0077,shortname=winnt,nofail 0 2
"""
# The policy's own copy of the host, which scripts/setup installs for the tests.
POLICY = Path("/etc/selinux/default")
FILE_CONTEXTS = POLICY / "contexts/files/file_contexts"
OPTIONS = "ro console=tty0 console=ttyS0,115200"
CONNECTION = """\
[connection]
id={name}
uuid={uuid}
type=ethernet
interface-name={name}
timestamp=1756200000

[ethernet]
mac-address=52:54:00:12:34:56

[ipv4]
method=auto
"""
IFCFG = """\
DEVICE=eth0
ONBOOT=yes
BOOTPROTO=dhcp
TYPE=Ethernet
HWADDR=52:54:00:12:34:56
UUID=5fb06bd0-0bb0-7ffb-45f1-d6edd65f3e03
DHCP_HOSTNAME=build-host
"""


def dress(top: Path, *, kernel: str, major: str) -> None:
    """`kernel` is the version whose vmlinuz-VERSION and initrd.img-VERSION lie in /boot, `major` one of RELEASES."""
    _system(top, major)
    _selinux(top)
    _boot(top, kernel, RELEASES[major])
    _network(top)
    _rpm(top, major)
    _leftovers(top)


def _system(top: Path, major: str) -> None:
    version = RELEASES[major]
    release = top / "etc/os-release"
    release.unlink(missing_ok=True)
    write(top, "usr/lib/os-release", RELEASE.format(version=version, number=version.split()[0], major=major))
    release.symlink_to("../usr/lib/os-release")
    write(top, "etc/redhat-release", f"Rocky Linux release {version}\n")
    write(top, "etc/fstab", FSTAB)
    write(top, "etc/hostname", "build-host\n")
    for name in ("apt-get", "apt"):
        (top / "usr/bin" / name).unlink(missing_ok=True)
    write(top, "usr/bin/dnf", "#!/bin/sh\n", mode=0o755)


def _selinux(top: Path) -> None:
    write(top, "etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=targeted\n")
    shutil.copytree(POLICY, top / "etc/selinux/targeted", symlinks=True, dirs_exist_ok=True)


def _boot(top: Path, kernel: str, version: str) -> None:
    write(top, "etc/machine-id", f"{MACHINE_ID}\n", mode=0o444)
    # What dracut and kernel-install leave: a rescue kernel, and the name under which later kernels are listed.
    write(top, f"boot/vmlinuz-0-rescue-{MACHINE_ID}", "kernel")
    write(top, f"boot/initramfs-0-rescue-{MACHINE_ID}.img", "initramfs")
    write(
        top, f"boot/loader/entries/{MACHINE_ID}-0-rescue.conf", f"title Rescue\nlinux /vmlinuz-0-rescue-{MACHINE_ID}\n"
    )
    write(top, "etc/kernel/entry-token", f"{MACHINE_ID}\n")
    write(top, "etc/kernel/cmdline", f"root=UUID={ROOT_UUID} {OPTIONS}\n")
    write(
        top,
        f"boot/loader/entries/{MACHINE_ID}-{kernel}.conf",
        f"title Rocky Linux ({kernel}) {version}\nversion {kernel}\nlinux /vmlinuz-{kernel}\n"
        f"initrd /initrd.img-{kernel}\noptions root=UUID={ROOT_UUID} {OPTIONS}\ngrub_users $grub_users\n"
        "grub_arg --unrestricted\ngrub_class rocky\n",
    )
    # GRUB's blscfg module is Fedora's: here the menu names what the entries name.
    write(
        top,
        "boot/grub2/grub.cfg",
        "set default=0\nset timeout=1\nserial --speed=115200\nterminal_input console serial\n"
        "terminal_output console serial\n"
        f"menuentry 'Rocky Linux ({kernel})' {{\n  search --no-floppy --fs-uuid --set=root {BOOT_UUID}\n"
        f"  linux /vmlinuz-{kernel} root=UUID={ROOT_UUID} rootfstype=xfs security=selinux enforcing=0 {OPTIONS}\n"
        f"  initrd /initrd.img-{kernel}\n}}\n",
    )


def _network(top: Path) -> None:
    folder = "etc/NetworkManager/system-connections"
    uuid = "21d47e65-8523-1a06-af22-6f121086f085"
    write(top, f"{folder}/ens3.nmconnection", CONNECTION.format(name="ens3", uuid=uuid), mode=0o600)
    write(top, "etc/sysconfig/network-scripts/ifcfg-eth0", IFCFG)
    write(top, "var/lib/NetworkManager/secret_key", "k" * 50, mode=0o600)
    write(top, "var/lib/NetworkManager/internal-21d47e65-ens3.lease", "ADDRESS=10.0.2.15\n", mode=0o600)


def _rpm(top: Path, major: str) -> None:
    """The package database as rpm makes it: SQLite in both releases, at another place since 10."""
    database = top / ("var/lib/rpm" if major == "9" else "usr/lib/sysimage/rpm")
    database.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["rpmdb", "--initdb", "--dbpath", database, "--define", "_db_backend sqlite"], check=True, capture_output=True
    )
    if major != "9":
        (top / "var/lib").mkdir(exist_ok=True)
        (top / "var/lib/rpm").symlink_to("../../usr/lib/sysimage/rpm")


def _leftovers(top: Path) -> None:
    write(top, "root/anaconda-ks.cfg", "rootpw --iscrypted $6$salt$hash\n", mode=0o600)
    write(top, "root/.bash_history", "subscription-manager register --password hunter2\n", mode=0o600)
    write(top, "var/log/anaconda/anaconda.log", "INFO anaconda: root device is /dev/vda4\n")
    write(top, "var/log/dnf.log", "2026-01-01 DDEBUG timer\n")
    write(top, "var/cache/dnf/baseos-0123/repodata/repomd.xml", "<repomd/>\n")
    write(top, "var/lib/rhsm/facts/facts.json", "{}\n")
    for kind in ("rsa", "ecdsa", "ed25519"):
        write(top, f"etc/ssh/ssh_host_{kind}_key", "-----BEGIN OPENSSH PRIVATE KEY-----\n", mode=0o640)
        write(top, f"etc/ssh/ssh_host_{kind}_key.pub", f"ssh-{kind} AAAA build-host\n")


def write(top: Path, name: str, text: str, *, mode: int = 0o644) -> None:
    path = top / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    path.write_text(text)
    path.chmod(mode)
