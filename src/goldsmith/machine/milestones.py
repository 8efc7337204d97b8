"""The named points of a boot, and how they are recognized in what a guest prints on its serial console."""

from __future__ import annotations

from enum import StrEnum


class Milestone(StrEnum):
    """A closed list, in the order of a boot. A cloud-init milestone is the *begin* of that stage; `ready` is the end of the
    last configured one, or the login prompt where none is configured; `off` comes from the hypervisor.
    """

    FIRMWARE = "firmware"
    BOOTLOADER = "bootloader"
    KERNEL = "kernel"
    INIT = "init"
    CLOUD_INIT_LOCAL = "cloud-init-local"
    CLOUD_INIT_NETWORK = "cloud-init-network"
    CLOUD_INIT_CONFIG = "cloud-init-config"
    CLOUD_INIT_FINAL = "cloud-init-final"
    LOGIN = "login"
    READY = "ready"
    OFF = "off"
