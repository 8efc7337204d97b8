"""What the driver refuses and reports before it starts anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import HostError, InputError
from goldsmith.machine import architecture
from goldsmith.machine.architecture import ARCHITECTURES
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.drivers import qemu, qemu_tpm
from goldsmith.machine.options import Firmware, MachineOptions

X86 = ARCHITECTURES["x86_64"]


def machine(folder: Path, **options: object) -> qemu.QemuMachine:
    disk = Disk(folder / "disk.raw", DiskFormat.RAW, 1)
    return qemu.QemuMachine(MachineSpec("clone", disk, folder, options=MachineOptions(**options), accelerated=True))  # type: ignore[arg-type]


@pytest.fixture
def _on_x86(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu, "host_architecture", lambda: "x86_64")
    monkeypatch.setattr(qemu, "of_this_host", lambda: X86)


@pytest.fixture
def _without_uefi(monkeypatch: pytest.MonkeyPatch, _on_x86: None) -> None:
    monkeypatch.setattr(qemu, "require", str)
    monkeypatch.setattr(qemu, "of_this_host", lambda: replace(X86, uefi=()))
    monkeypatch.setattr(qemu, "require_machine", lambda _options, **_: replace(X86, uefi=()))


@pytest.mark.usefixtures("_on_x86")
def test_without_qemu_the_install_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("goldsmith.run.search_path", lambda: str(tmp_path))
    with pytest.raises(HostError) as raised:
        machine(tmp_path).start()
    assert raised.value.message == "qemu-system-x86_64 is not installed"
    assert raised.value.hint == "as root: apt-get install --no-install-recommends qemu-system-x86"
    assert not qemu.status().usable
    with pytest.raises(HostError) as raised:
        machine(tmp_path, arch="aarch64", firmware=Firmware.UEFI).start()
    assert raised.value.hint == "as root: apt-get install --no-install-recommends qemu-system-arm"


@pytest.mark.usefixtures("_without_uefi")
def test_without_ovmf_only_bios_is_usable() -> None:
    status = qemu.status()
    assert (status.usable, status.why) == (True, "BIOS only: no UEFI firmware for qemu-system-x86_64")
    assert status.hint == "as root: apt-get install --no-install-recommends ovmf"


@pytest.mark.usefixtures("_without_uefi")
def test_uefi_without_ovmf_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="no UEFI firmware"):
        machine(tmp_path, firmware=Firmware.UEFI).start()


def test_a_host_of_an_unknown_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(architecture, "host_architecture", lambda: "riscv64")
    status = qemu.status()
    assert (status.usable, status.why) == (False, "machines of this host's architecture, riscv64, are not known")


def test_a_tpm_without_swtpm_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goldsmith.run.search_path", lambda: str(tmp_path))
    with pytest.raises(HostError) as raised, qemu_tpm.tpm(tmp_path / "state", tmp_path / "log"):
        pytest.fail("it started")
    assert raised.value.message == "swtpm is not installed"
    assert raised.value.hint == "as root: apt-get install --no-install-recommends swtpm"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_on_x86")
def test_options_are_judged_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing boots in 16 MiB"):
        machine(tmp_path / "own", memory=16).start()
    assert not (tmp_path / "own").exists()


@pytest.mark.usefixtures("_on_x86")
def test_a_foreign_architecture_is_emulated_where_kvm_works(tmp_path: Path) -> None:
    assert machine(tmp_path).spec.accelerated
    assert not machine(tmp_path, arch="aarch64").spec.accelerated
