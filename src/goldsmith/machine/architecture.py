"""What differs between the processor architectures that machines can have. One more is one more row."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from goldsmith.errors import HostError
from goldsmith.machine.options import Firmware


@dataclass(frozen=True, slots=True)
class UefiFirmware:
    """The code, and the template of its variables, of which each machine gets a copy."""

    code: Path
    variables: Path

    def with_variables_at(self, own: Path) -> UefiFirmware:
        """The same code with a copy of the variables. One that is there already stays: it is what the machine wrote."""
        if not own.exists():
            shutil.copyfile(self.variables, own)
        return UefiFirmware(self.code, own)


@dataclass(frozen=True, slots=True)
class Architecture:
    """Named as `uname -m` names it. `program` is its QEMU, `machine` the type that machines have by default.

    `families` are regular expressions of the types that goldsmith's devices fit into, with `tuning` as properties of
    each. `fastest` is how QEMU spells the processor model `max` under emulation. `serial` is what a Linux kernel calls
    the first serial port; `display` and `tpm` are device models. `uefi` are places where distributions keep the
    firmware, `uefi_package` is Debian's package of it.
    """

    name: str
    program: str
    machine: str
    families: tuple[str, ...]
    tuning: tuple[str, ...]
    fastest: str
    serial: str
    display: str
    tpm: str
    firmwares: tuple[Firmware, ...]
    uefi: tuple[UefiFirmware, ...]
    uefi_package: str

    def installed_uefi(self) -> UefiFirmware | None:
        """The first firmware of this host that is complete."""
        return next((each for each in self.uefi if each.code.exists() and each.variables.exists()), None)


# Debian and Ubuntu, Fedora and EL, Arch; builds without Secure Boot.
_OVMF = (
    UefiFirmware(Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd")),
    UefiFirmware(Path("/usr/share/edk2/ovmf/OVMF_CODE.fd"), Path("/usr/share/edk2/ovmf/OVMF_VARS.fd")),
    UefiFirmware(Path("/usr/share/edk2/x64/OVMF_CODE.4m.fd"), Path("/usr/share/edk2/x64/OVMF_VARS.4m.fd")),
)
# Padded to 64 MiB each: the flash of the type `virt` takes nothing else.
_AAVMF = (
    UefiFirmware(Path("/usr/share/AAVMF/AAVMF_CODE.fd"), Path("/usr/share/AAVMF/AAVMF_VARS.fd")),
    UefiFirmware(
        Path("/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw"), Path("/usr/share/edk2/aarch64/vars-template-pflash.raw")
    ),
    UefiFirmware(Path("/usr/share/edk2/aarch64/QEMU_CODE.fd"), Path("/usr/share/edk2/aarch64/QEMU_VARS.fd")),
)

ARCHITECTURES: Mapping[str, Architecture] = {
    each.name: each
    for each in (
        Architecture(
            name="x86_64",
            program="qemu-system-x86_64",
            machine="q35",
            families=(r"q35", r"pc", r"pc-q35-[0-9.]+", r"pc-i440fx-[0-9.]+"),
            # Without graphics SeaBIOS writes to the serial port, and so does a boot loader that uses its services.
            tuning=("graphics=off", "vmport=off", "hpet=off"),
            # It has the x86-64-v2 of EL 9 and the v3 of EL 10.
            fastest="max",
            serial="ttyS0",
            display="VGA",
            tpm="tpm-crb",
            firmwares=(Firmware.BIOS, Firmware.UEFI),
            uefi=_OVMF,
            uefi_package="ovmf",
        ),
        Architecture(
            name="aarch64",
            program="qemu-system-aarch64",
            machine="virt",
            families=(r"virt", r"virt-[0-9.]+"),
            tuning=(),
            # QEMU computes the architected pointer authentication in software; its own algorithm is many times faster.
            fastest="max,pauth-impdef=on",
            serial="ttyAMA0",
            display="virtio-gpu-pci",
            tpm="tpm-tis-device",
            firmwares=(Firmware.UEFI,),
            uefi=_AAVMF,
            uefi_package="qemu-efi-aarch64",
        ),
    )
}


def host_architecture() -> str:
    """This host's own, as `uname -m` names it. Only machines of this one can be accelerated."""
    return platform.machine()


def of_this_host() -> Architecture:
    """Raises HostError where machines of this host's architecture are not known."""
    host = host_architecture()
    if host not in ARCHITECTURES:
        raise HostError(
            f"machines of this host's architecture, {host}, are not known",
            hint=f"goldsmith runs machines on {', '.join(sorted(ARCHITECTURES))}",
        )
    return ARCHITECTURES[host]
