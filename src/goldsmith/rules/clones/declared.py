"""Which paths may differ between clones of one image, each with its reason; no rule of its own.

What makes a clone itself, and what is written while it runs. Everything else that a first boot leaves has to be alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from goldsmith.generalization.sparing import Keep

# Patterns as in a recipe's `keep`: `*` does not cross slashes, `**` does, and what is below a match matches too.
DECLARED: Mapping[str, str] = {
    "/etc/machine-id": "identity: of the machine",
    "/var/lib/dbus/machine-id": "identity: of the machine, for D-Bus",
    "/etc/ssh/ssh_host_*": "identity: of sshd",
    "/etc/iscsi/initiatorname.iscsi": "identity: of the iSCSI initiator",
    "/etc/nvme/host*": "identity: of the NVMe host",
    "/etc/lvm/devices/*": "identity: of the disks of this machine",
    "/etc/ssl/certs/ssl-cert-snakeoil.pem": "identity: a certificate made at the first boot",
    "/etc/ssl/certs/*.0": "a link to a certificate, named by its hash",
    "/etc/ssl/private/ssl-cert-snakeoil.key": "identity: a key made at the first boot",
    "/etc/netplan/50-cloud-init.yaml": "identity: the hardware address of this machine's network card",
    "/etc/network/interfaces.d/50-cloud-init*": "identity: the hardware address of this machine's network card",
    "/etc/systemd/network/10-cloud-init-*": "identity: the hardware address of this machine's network card",
    "/etc/NetworkManager/system-connections/cloud-init-*": "identity: the hardware address of the network card",
    "/etc/sysconfig/network-scripts/ifcfg-*": "identity: the hardware address of this machine's network card",
    "/etc/udev/rules.d/70-persistent-net.rules": "identity: the hardware address of this machine's network card",
    "/var/lib/cloud/**": "cloud-init's state of this instance",
    "/var/log/**": "logs tell what happened when",
    "/var/lib/systemd/**": "random seed, clock, times of timers",
    "/var/lib/NetworkManager/**": "leases, secrets and times of this machine's network",
    "/var/lib/dhcp/**": "leases of this machine",
    "/var/lib/dhclient/**": "leases of this machine",
    "/var/lib/chrony/**": "the drift of this machine's clock",
    "/var/lib/ntp/**": "the drift of this machine's clock",
    "/var/lib/private/systemd/**": "state of services with users of their own",
    "/var/lib/rsyslog/**": "how far the journal was read",
    "/var/lib/logrotate/**": "times",
    "/var/lib/plymouth/**": "how long this boot took",
    "/var/lib/sss/**": "caches of users",
    "/var/lib/selinux/**": "locks and a rebuilt policy",
    "/var/lib/unattended-upgrades/**": "times",
    "/var/lib/update-notifier/**": "times",
    "/var/lib/ubuntu-advantage/**": "times and what a cloud answered",
    "/var/lib/snapd/**": "state of this machine's packages, with their keys",
    "/var/lib/rpm/*": "a database that opening it writes to",
    "/usr/lib/sysimage/rpm/*": "a database that opening it writes to",
    "/var/lib/dnf/**": "times",
    "/var/lib/apt/**": "times and lists",
    "/var/cache/**": "caches",
    "/var/spool/**": "what waits for services",
    "/var/tmp/**": "temporary files",
    "/tmp/**": "temporary files",
    "/var/lib/*/.updated": "times",
    "/etc/.updated": "the time of the last update of /usr",
    "/var/.updated": "the time of the last update of /usr",
    "/etc/ld.so.cache": "made anew where /usr is newer",
    "/etc/adjtime": "the drift of this machine's clock",
    "/etc/resolv.conf": "what the network told",
    "/boot/grub/grubenv": "whether and when the boot loader succeeded",
    "/boot/grub2/grubenv": "whether and when the boot loader succeeded",
    "/boot/efi/**": "what firmware and boot loader write",
    "/run/**": "gone with the boot",
}


def is_declared(path: str, more: Iterable[str] = ()) -> bool:
    """Whether a guest path may differ; `more` are patterns that the recipe adds."""
    return matches(path, (*DECLARED, *more))


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns matches the whole path."""
    return any(_pattern(pattern).matches(path) for pattern in patterns)


@lru_cache(maxsize=1024)
def _pattern(text: str) -> Keep:
    return Keep(text, DECLARED.get(text, "declared by the recipe"))
