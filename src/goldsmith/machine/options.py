"""What a machine is made of, apart from its disk: the same words for every driver."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# A processor model and its features, as in "Haswell-noTSX,+avx,-aes,pdpe1gb=off": nothing else that QEMU would obey.
CPU = (
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
    r"(?:,(?:[+-][A-Za-z0-9][A-Za-z0-9._-]{0,63}|[A-Za-z0-9][A-Za-z0-9._-]{0,63}=(?:on|off))){0,64}"
)


class Firmware(StrEnum):
    """What the machine starts with."""

    BIOS = "bios"
    UEFI = "uefi"


class Bus(StrEnum):
    """How the guest sees its disk, and its seed."""

    VIRTIO = "virtio"
    SCSI = "scsi"
    NVME = "nvme"


class Network(StrEnum):
    """`isolated`: a card whose cable leads nowhere. `user`: QEMU's own network behind address translation, through
    which the guest reaches all that this host reaches, services on its loopback included.
    """

    NONE = "none"
    ISOLATED = "isolated"
    USER = "user"


@dataclass(frozen=True, slots=True)
class MachineOptions:
    """What a machine is made of: `arch` is the guest's architecture; `memory` is in MiB; `cpus` counts virtual
    processors; `firmware` is what it starts with, `bus` how it sees its disk, `network` where its card leads.

    `machine` is QEMU's machine type, None for that of the architecture. `cpu` is its processor model, with features
    behind commas: EL 9 and 10 need x86-64-v2 and v3, `max` has both and is the fastest one under emulation. `tpm`: a
    TPM 2.0 by swtpm. What no driver can make of this `refusals.check` says.
    """

    arch: str = "x86_64"
    memory: int = 1024
    cpus: int = 1
    firmware: Firmware = Firmware.BIOS
    tpm: bool = False
    machine: str | None = None
    cpu: str = "max"
    bus: Bus = Bus.VIRTIO
    network: Network = Network.NONE

    def __str__(self) -> str:
        """In words, for people; the firmware has a place of its own where they read it."""
        tpm = ", TPM" if self.tpm else ""
        processors = f"{self.cpus} of {self.cpu}"
        kind = f"{self.arch} {self.machine}" if self.machine is not None else self.arch
        return f"{kind}, {self.memory} MiB, {processors}, disk {self.bus}, network {self.network}{tpm}"
