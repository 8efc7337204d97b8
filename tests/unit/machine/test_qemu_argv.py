from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import HostError
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.drivers import qemu
from goldsmith.machine.options import Firmware, MachineOptions

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


def words(spec: MachineSpec, ovmf: qemu.Ovmf | None = None) -> list[object]:
    """The command line with its JSON parsed."""
    return [
        json.loads(word) if word.startswith("{") else word for word in qemu.argv(spec, monitor=9, agent=10, ovmf=ovmf)
    ]


def options(spec: MachineSpec, option: str, ovmf: qemu.Ovmf | None = None) -> list[object]:
    line = words(spec, ovmf)
    return [line[position + 1] for position, word in enumerate(line) if word == option]


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
        *("-nic", "none"),
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
    assert len(options(spec(), "-device")) == 4


def test_uefi_maps_the_code_read_only_and_its_own_variables() -> None:
    ovmf = qemu.Ovmf(Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/scratch/clone-1.vars.fd"))
    assert str(options(spec(), "-machine", ovmf)[0]).endswith(",pflash0=code,pflash1=variables")
    assert options(spec(), "-blockdev", ovmf)[:2] == [
        {
            "driver": "raw",
            "node-name": "code",
            "read-only": True,
            "file": {
                "driver": "file",
                "filename": "/usr/share/OVMF/OVMF_CODE_4M.fd",
                "read-only": True,
                "auto-read-only": False,
            },
        },
        {
            "driver": "raw",
            "node-name": "variables",
            "file": {"driver": "file", "filename": "/scratch/clone-1.vars.fd", "auto-read-only": False},
        },
    ]


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


def test_without_qemu_the_install_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostError) as raised:
        qemu.QemuMachine(spec(folder=tmp_path)).start()
    assert raised.value.message == "qemu-system-x86_64 is not installed"
    assert raised.value.hint == "as root: apt-get install --no-install-recommends qemu-system-x86"
    assert not qemu.status().usable


def test_without_ovmf_only_bios_is_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu, "OVMF", ())
    monkeypatch.setattr(qemu, "require", str)
    assert qemu.status().why == "BIOS only: no UEFI firmware for QEMU"


def test_uefi_without_ovmf_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu, "OVMF", ())
    monkeypatch.setattr(qemu, "require", str)
    with pytest.raises(HostError, match="no UEFI firmware"):
        qemu.QemuMachine(spec(folder=tmp_path, options=MachineOptions(firmware=Firmware.UEFI))).start()
