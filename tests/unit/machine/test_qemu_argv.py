from __future__ import annotations

import json
import re
from pathlib import Path
from uuid import UUID

import pytest

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.machine.architecture import UefiFirmware
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.drivers.qemu_argv import Descriptors, argv, mac_address
from goldsmith.machine.options import Bus, Firmware, MachineOptions, Network

SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
OVERLAY_CACHE = {"direct": False, "no-flush": True}
BASE_CACHE = {"direct": False, "no-flush": False}


def spec(**changes: object) -> MachineSpec:
    base = Disk(Path("/pool/image.qcow2"), DiskFormat.QCOW2, 1 << 30)
    given: dict[str, object] = {
        "name": "clone-1",
        "disk": Disk(Path("/scratch/clone-1.qcow2"), DiskFormat.QCOW2, 1 << 30, base),
        "folder": Path("/scratch"),
        "uuid": UUID("5f0c3f0e-6f0c-4a36-9c1b-0d8e3a7c1b2a"),
        **changes,
    }
    return MachineSpec(**given)  # type: ignore[arg-type]


def words(spec: MachineSpec, uefi: UefiFirmware | None = None, tpm: int | None = None) -> list[object]:
    """The command line with its JSON parsed."""
    line = argv(spec, Descriptors(monitor=9, agent=10, tpm=tpm), uefi)
    return [json.loads(word) if word.startswith("{") else word for word in line]


def options(spec: MachineSpec, option: str, uefi: UefiFirmware | None = None) -> list[object]:
    line = words(spec, uefi)
    return [line[position + 1] for position, word in enumerate(line) if word == option]


def replaced(line: list[object], *changes: tuple[list[object], list[object]]) -> list[object]:
    """The command line with runs of words, each of which it has once, replaced by others."""
    for old, new in changes:
        (place,) = [start for start in range(len(line)) if line[start : start + len(old)] == old]
        line = [*line[:place], *new, *line[place + len(old) :]]
    return line


SEED = Path("/scratch/seed.iso")
MACHINE = "q35,graphics=off,vmport=off,hpet=off,dump-guest-core=off"
DISK = {"driver": "virtio-blk-pci", "id": "disk", "drive": "disk-0", "bootindex": 1}
SEED_DISK = {"driver": "virtio-blk-pci", "id": "seed", "drive": "seed"}
CARD = {"driver": "virtio-net-pci", "id": "card", "netdev": "link", "mac": "52:54:00:2a:6a:03", "romfile": ""}


def test_the_whole_command_line() -> None:
    assert words(spec(seed=Path("/scratch/seed.iso"))) == [
        "qemu-system-x86_64",
        "-no-user-config",
        "-nodefaults",
        *("-display", "none"),
        *("-sandbox", SANDBOX),
        *("-name", "guest=clone-1"),
        *("-uuid", "5f0c3f0e-6f0c-4a36-9c1b-0d8e3a7c1b2a"),
        *("-machine", "q35,graphics=off,vmport=off,hpet=off,dump-guest-core=off"),
        *("-accel", "tcg"),
        *("-cpu", "max"),
        *("-smp", "1"),
        *("-m", "1024"),
        *("-rtc", "base=utc"),
        *("-boot", "strict=on"),
        *("-chardev", "socket,id=monitor,fd=9"),
        *("-mon", "chardev=monitor,mode=control"),
        *("-chardev", "file,id=console,path=/scratch/clone-1.console.log,append=on"),
        *("-serial", "chardev:console"),
        *("-object", {"qom-type": "rng-random", "id": "entropy", "filename": "/dev/urandom"}),
        *("-device", {"driver": "virtio-rng-pci", "rng": "entropy"}),
        *("-chardev", "socket,id=agent,fd=10"),
        *("-device", {"driver": "virtio-serial-pci"}),
        *("-device", {"driver": "virtserialport", "chardev": "agent", "name": "org.qemu.guest_agent.0"}),
        "-blockdev",
        {
            "driver": "qcow2",
            "node-name": "disk-1",
            "read-only": True,
            "auto-read-only": False,
            "cache": BASE_CACHE,
            "discard": "unmap",
            "file": {
                "driver": "file",
                "filename": "/pool/image.qcow2",
                "read-only": True,
                "auto-read-only": False,
                "cache": BASE_CACHE,
                "discard": "unmap",
            },
            "backing": None,
        },
        "-blockdev",
        {
            "driver": "qcow2",
            "node-name": "disk-0",
            "read-only": False,
            "auto-read-only": False,
            "cache": OVERLAY_CACHE,
            "discard": "unmap",
            "file": {
                "driver": "file",
                "filename": "/scratch/clone-1.qcow2",
                "read-only": False,
                "auto-read-only": False,
                "cache": OVERLAY_CACHE,
                "discard": "unmap",
            },
            "backing": "disk-1",
        },
        *("-device", {"driver": "virtio-blk-pci", "id": "disk", "drive": "disk-0", "bootindex": 1}),
        *("-device", {"driver": "VGA", "id": "screen"}),
        *("-nic", "none"),
        "-blockdev",
        {
            "driver": "raw",
            "node-name": "seed",
            "read-only": True,
            "file": {
                "driver": "file",
                "filename": "/scratch/seed.iso",
                "read-only": True,
                "auto-read-only": False,
            },
        },
        *("-device", {"driver": "virtio-blk-pci", "id": "seed", "drive": "seed"}),
    ]


def test_no_seed_means_no_second_disk() -> None:
    assert len(options(spec(), "-device")) == 5


def test_uefi_maps_the_code_read_only_and_its_own_variables() -> None:
    uefi = UefiFirmware(Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/scratch/clone-1.vars.fd"))
    code = {"driver": "file", "filename": str(uefi.code), "read-only": True, "auto-read-only": False}
    variables = {"driver": "file", "filename": str(uefi.variables), "auto-read-only": False}
    port = {"driver": "virtserialport", "chardev": "agent", "name": "org.qemu.guest_agent.0"}
    flash = [
        *("-blockdev", {"driver": "raw", "node-name": "code", "read-only": True, "file": code}),
        *("-blockdev", {"driver": "raw", "node-name": "variables", "file": variables}),
    ]
    assert words(spec(options=MachineOptions(firmware=Firmware.UEFI)), uefi) == replaced(
        words(spec()), ([MACHINE], [f"{MACHINE},pflash0=code,pflash1=variables"]), ([port], [port, *flash])
    )


def test_memory_and_processors() -> None:
    assert words(spec(options=MachineOptions(memory=2048, cpus=4))) == replaced(
        words(spec()), (["-smp", "1", "-m", "1024"], ["-smp", "4", "-m", "2048"])
    )


def test_a_machine_type_has_what_is_switched_off_in_its_family() -> None:
    assert words(spec(options=MachineOptions(machine="pc-q35-7.1"))) == replaced(
        words(spec()), ([MACHINE], ["pc-q35-7.1,graphics=off,vmport=off,hpet=off,dump-guest-core=off"])
    )


def test_a_processor_model() -> None:
    assert words(spec(options=MachineOptions(cpu="Nehalem,+avx"))) == replaced(
        words(spec()), (["-cpu", "max"], ["-cpu", "Nehalem,+avx"])
    )


def test_features_go_with_the_fastest_spelling_of_max() -> None:
    arm = MachineOptions(arch="aarch64", firmware=Firmware.UEFI, cpu="max,-sve")
    assert options(spec(options=arm), "-cpu") == ["max,pauth-impdef=on,-sve"]
    assert options(spec(accelerated=True, options=arm), "-cpu") == ["max,-sve"]
    assert options(spec(options=MachineOptions(cpu="max,-avx,la57=off")), "-cpu") == ["max,-avx,la57=off"]


def test_scsi_has_disk_and_seed_on_one_controller() -> None:
    disk = {"driver": "scsi-hd", "id": "disk", "drive": "disk-0", "bus": "scsi.0", "bootindex": 1}
    seed = {"driver": "scsi-hd", "id": "seed", "drive": "seed", "bus": "scsi.0"}
    assert words(spec(seed=SEED, options=MachineOptions(bus=Bus.SCSI))) == replaced(
        words(spec(seed=SEED)),
        (["-device", DISK], ["-device", {"driver": "virtio-scsi-pci", "id": "scsi"}, "-device", disk]),
        ([SEED_DISK], [seed]),
    )


def test_nvme_has_a_controller_for_each() -> None:
    assert words(spec(seed=SEED, options=MachineOptions(bus=Bus.NVME))) == replaced(
        words(spec(seed=SEED)),
        ([DISK], [{"driver": "nvme", "id": "disk", "drive": "disk-0", "serial": "disk", "bootindex": 1}]),
        ([SEED_DISK], [{"driver": "nvme", "id": "seed", "drive": "seed", "serial": "seed"}]),
    )


def test_an_isolated_card_hangs_on_a_hub_of_its_own() -> None:
    assert words(spec(options=MachineOptions(network=Network.ISOLATED))) == replaced(
        words(spec()),
        (["-nic", "none"], ["-netdev", {"type": "hubport", "id": "link", "hubid": 0}, "-device", CARD]),
    )


def test_a_user_network() -> None:
    assert words(spec(options=MachineOptions(network=Network.USER))) == replaced(
        words(spec()), (["-nic", "none"], ["-netdev", {"type": "user", "id": "link"}, "-device", CARD])
    )


@pytest.mark.parametrize("network", list(Network))
def test_a_machine_whose_sshd_is_reached_reaches_no_more_than_before(network: Network) -> None:
    link: dict[str, object] = {"type": "user", "id": "link", "hostfwd": [{"str": "tcp:127.0.0.1:0-:22"}]}
    link["restrict"] = network is not Network.USER
    assert words(spec(options=MachineOptions(network=network), sshd=True)) == replaced(
        words(spec()), (["-nic", "none"], ["-netdev", link, "-device", CARD])
    )


def test_a_card_keeps_its_address_and_no_clone_has_anothers() -> None:
    uuids = [UUID(int=number) for number in range(100)]
    addresses = [mac_address(uuid) for uuid in uuids]
    assert len(set(addresses)) == 100
    assert addresses == [mac_address(uuid) for uuid in uuids]
    assert all(re.fullmatch(r"52:54:00(:[0-9a-f]{2}){3}", address) for address in addresses)


def test_a_tpm_is_reached_by_its_inherited_socket() -> None:
    assert words(spec(options=MachineOptions(tpm=True)), tpm=11) == [
        *words(spec()),
        *("-chardev", "socket,id=tpm,fd=11"),
        *("-tpmdev", "emulator,id=tpm,chardev=tpm"),
        *("-device", {"driver": "tpm-crb", "tpmdev": "tpm"}),
    ]
    assert Descriptors(9, 10, 11).all() == (9, 10, 11)
    assert Descriptors(9, 10).all() == (9, 10)


def test_the_whole_command_line_of_another_architecture() -> None:
    disk = Disk(Path("/d.raw"), DiskFormat.RAW, 1)
    arm = MachineOptions(arch="aarch64", firmware=Firmware.UEFI, tpm=True, network=Network.ISOLATED, cpus=2)
    uefi = UefiFirmware(Path("/usr/share/AAVMF/AAVMF_CODE.fd"), Path("/scratch/clone-1.vars.fd"))
    assert words(spec(disk=disk, options=arm), uefi, tpm=11) == [
        "qemu-system-aarch64",
        "-no-user-config",
        "-nodefaults",
        *("-display", "none"),
        *("-sandbox", SANDBOX),
        *("-name", "guest=clone-1"),
        *("-uuid", "5f0c3f0e-6f0c-4a36-9c1b-0d8e3a7c1b2a"),
        *("-machine", "virt,dump-guest-core=off,pflash0=code,pflash1=variables"),
        *("-accel", "tcg"),
        *("-cpu", "max,pauth-impdef=on"),
        *("-smp", "2"),
        *("-m", "1024"),
        *("-rtc", "base=utc"),
        *("-boot", "strict=on"),
        *("-chardev", "socket,id=monitor,fd=9"),
        *("-mon", "chardev=monitor,mode=control"),
        *("-chardev", "file,id=console,path=/scratch/clone-1.console.log,append=on"),
        *("-serial", "chardev:console"),
        *("-object", {"qom-type": "rng-random", "id": "entropy", "filename": "/dev/urandom"}),
        *("-device", {"driver": "virtio-rng-pci", "rng": "entropy"}),
        *("-chardev", "socket,id=agent,fd=10"),
        *("-device", {"driver": "virtio-serial-pci"}),
        *("-device", {"driver": "virtserialport", "chardev": "agent", "name": "org.qemu.guest_agent.0"}),
        "-blockdev",
        {
            "driver": "raw",
            "node-name": "code",
            "read-only": True,
            "file": {
                "driver": "file",
                "filename": "/usr/share/AAVMF/AAVMF_CODE.fd",
                "read-only": True,
                "auto-read-only": False,
            },
        },
        "-blockdev",
        {
            "driver": "raw",
            "node-name": "variables",
            "file": {"driver": "file", "filename": "/scratch/clone-1.vars.fd", "auto-read-only": False},
        },
        "-blockdev",
        {
            "driver": "raw",
            "node-name": "disk-0",
            "read-only": False,
            "auto-read-only": False,
            "cache": OVERLAY_CACHE,
            "discard": "unmap",
            "file": {
                "driver": "file",
                "filename": "/d.raw",
                "read-only": False,
                "auto-read-only": False,
                "cache": OVERLAY_CACHE,
                "discard": "unmap",
            },
        },
        *("-device", DISK),
        *("-device", {"driver": "virtio-gpu-pci", "id": "screen"}),
        *("-netdev", {"type": "hubport", "id": "link", "hubid": 0}),
        *("-device", CARD),
        *("-chardev", "socket,id=tpm,fd=11"),
        *("-tpmdev", "emulator,id=tpm,chardev=tpm"),
        *("-device", {"driver": "tpm-tis-device", "tpmdev": "tpm"}),
    ]


def test_kvm_has_no_algorithm_of_emulation() -> None:
    arm = MachineOptions(arch="aarch64", firmware=Firmware.UEFI)
    assert options(spec(accelerated=True, options=arm), "-cpu") == ["max"]


def test_kvm_only_where_it_is_asked_for() -> None:
    assert options(spec(accelerated=True), "-accel") == ["kvm"]


def test_a_backing_file_named_by_a_header_is_never_opened() -> None:
    (node,) = options(spec(disk=Disk(Path("/d.qcow2"), DiskFormat.QCOW2, 1)), "-blockdev")
    assert isinstance(node, dict)
    assert node["backing"] is None


def test_a_raw_disk_is_raw_whatever_it_begins_with() -> None:
    (node,) = options(spec(disk=Disk(Path("/d.raw"), DiskFormat.RAW, 1)), "-blockdev")
    assert isinstance(node, dict)
    assert node["driver"] == "raw"
    assert "backing" not in node


def test_commas_in_names_stay_in_names() -> None:
    odd = spec(name="a,b", folder=Path("/with,comma"))
    assert options(odd, "-name") == ["guest=a,,b"]
    assert "file,id=console,path=/with,,comma/a,,b.console.log,append=on" in options(odd, "-chardev")
