"""What a machine shows to the cloud-init inside it, as far as a first boot depends on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

CONTAINERS = frozenset({"container-other", "lxc", "lxc-libvirt", "systemd-nspawn", "docker", "rkt", "jail"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`dmi` are the fields of /sys/class/dmi/id by the kernel's names, `labels` those of all file systems, `virt` is
    what systemd-detect-virt says; `cmdline` is the kernel's, in a container that of its PID 1.
    """

    arch: str = "x86_64"
    cmdline: str = ""
    dmi: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    virt: str = "kvm"

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the command line."""
        return tuple(self.cmdline.split())

    @property
    def is_container(self) -> bool:
        return self.virt in CONTAINERS

    @property
    def has_dmi(self) -> bool:
        """Whether the architecture is one whose DMI data ds-identify relies on."""
        return self.arch == "x86_64" or re.fullmatch(r"i.86", self.arch) is not None

    def dmi_field(self, name: str) -> str:
        """A field as a shell's `read` takes it: its first line without blanks around it."""
        return self.dmi.get(name, "unavailable").partition("\n")[0].strip(" \t")


# What QEMU's machine q35 says of itself.
QEMU: Mapping[str, str] = MappingProxyType(
    {"sys_vendor": "QEMU", "product_name": "Standard PC (Q35 + ICH9, 2009)", "chassis_asset_tag": ""}
)
OPENSTACK: Mapping[str, str] = MappingProxyType(
    {"sys_vendor": "OpenStack Foundation", "product_name": "OpenStack Nova", "chassis_asset_tag": ""}
)
EC2: Mapping[str, str] = MappingProxyType(
    {
        "sys_vendor": "Amazon EC2",
        "product_name": "t3.micro",
        "product_uuid": "ec2e1916-9099-7caf-fd21-012345abcdef",
        "product_serial": "ec2e1916-9099-7caf-fd21-012345abcdef",
        "chassis_asset_tag": "Amazon EC2",
    }
)
