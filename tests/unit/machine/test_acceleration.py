from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith import settings
from goldsmith.errors import HostError
from goldsmith.events import Event, Note
from goldsmith.machine import acceleration as module
from goldsmith.machine import architecture
from goldsmith.machine.acceleration import Acceleration, TimedBoot, acceleration, argv, judge

HUNG = TimedBoot(None, "a test boot hung for 4 s")


def test_a_kernel_that_booted_proves_kvm() -> None:
    assert judge(unusable=None, kvm=TimedBoot(0.4), emulation=None) == Acceleration(
        kvm=True, why="KVM: a test boot took 0.4 s; using it", speed=1.0
    )


def test_a_slow_kvm_gets_more_patience() -> None:
    assert judge(unusable=None, kvm=TimedBoot(2.0), emulation=None).speed == 0.25


def test_a_device_that_hangs_is_not_used() -> None:
    assert judge(unusable=None, kvm=HUNG, emulation=TimedBoot(2.0)) == Acceleration(
        kvm=False, why="KVM: present, but a test boot hung for 4 s; using emulation", speed=0.25
    )


def test_a_missing_device() -> None:
    assert judge(unusable="/dev/kvm is not there", kvm=None, emulation=TimedBoot(2.5)) == Acceleration(
        kvm=False, why="KVM: /dev/kvm is not there; using emulation", speed=0.2
    )


def test_without_a_kernel_the_speed_is_assumed() -> None:
    assert judge(unusable="not proved", kvm=None, emulation=None).speed == 0.2


def test_on_a_host_so_loaded_that_emulation_did_not_end_the_speed_is_assumed() -> None:
    assert judge(unusable=None, kvm=HUNG, emulation=HUNG).speed == 0.2


def test_the_command_line_of_a_test_boot() -> None:
    assert argv(Path("/boot/vmlinuz-6.1"), "kvm") == [
        "qemu-system-x86_64",
        "-no-user-config",
        "-nodefaults",
        *("-display", "none"),
        *("-nic", "none"),
        "-no-reboot",
        *("-machine", "q35,graphics=off,vmport=off,hpet=off"),
        *("-accel", "kvm"),
        *("-cpu", "max"),
        *("-m", "256"),
        *("-chardev", "stdio,id=console,signal=off"),
        *("-serial", "chardev:console"),
        *("-kernel", "/boot/vmlinuz-6.1"),
        *("-append", "console=ttyS0 panic=-1"),
    ]


def test_the_command_line_of_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(architecture, "host_architecture", lambda: "aarch64")
    line = argv(Path("/boot/vmlinuz-6.1"), "tcg")
    assert [line[line.index(option) + 1] for option in ("-machine", "-cpu", "-append")] == [
        "virt",
        "max,pauth-impdef=on",
        "console=ttyAMA0 panic=-1",
    ]
    assert line[0] == "qemu-system-aarch64"


def test_machines_of_another_architecture_are_emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "host_architecture", lambda: "x86_64")
    here = Acceleration(kvm=True, why="KVM", speed=0.9)
    why = "aarch64 machines are emulated on this x86_64 host"
    assert here.of("aarch64") == Acceleration(kvm=False, why=why, speed=0.2)
    assert here.of("x86_64") == here.of("") == here.of("riscv64") == here
    slow = Acceleration(kvm=False, why="none", speed=0.1)
    assert slow.of("aarch64").speed == 0.1


def test_a_host_of_an_unknown_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(architecture, "host_architecture", lambda: "riscv64")
    with pytest.raises(HostError) as raised:
        acceleration()
    assert raised.value.message == "machines of this host's architecture, riscv64, are not known"
    assert raised.value.hint == "goldsmith runs machines on aarch64, x86_64"


class Asked:
    """Stands in for the proof, which starts machines, and counts how often it is asked for."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, _kernel: Path | None) -> Acceleration:
        self.times += 1
        return Acceleration(kvm=False, why=f"asked {self.times}", speed=0.2)


@pytest.fixture
def asked(own_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    assert settings.runtime_dir().is_relative_to(own_folders)
    qemu = tmp_path / "qemu"
    qemu.write_bytes(b"")
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("this boot\n")
    counted = Asked()
    monkeypatch.setattr(module, "_prove", counted)
    monkeypatch.setattr(module, "require", lambda _: str(qemu))
    monkeypatch.setattr(module, "BOOT_ID", boot_id)
    monkeypatch.setattr(module, "_crowded", lambda: False)
    return counted


def test_the_verdict_is_asked_once_and_said_each_time(asked: Asked) -> None:
    said: list[Event] = []
    assert acceleration(said.append) == acceleration(said.append)
    assert said == [Note("asked 1"), Note("asked 1")]
    assert asked.times == 1


def test_a_reboot_asks_again(asked: Asked, tmp_path: Path) -> None:
    acceleration()
    (tmp_path / "boot_id").write_text("another boot\n")
    acceleration()
    assert asked.times == 2


def test_a_crowded_host_is_asked_again(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_crowded", lambda: True)
    acceleration()
    acceleration()
    assert asked.times == 2


def test_another_qemu_asks_again(asked: Asked, tmp_path: Path) -> None:
    acceleration()
    (tmp_path / "qemu").write_bytes(b"newer")
    acceleration()
    assert asked.times == 2


@pytest.mark.parametrize(
    "kept", ["", "[]", "null", "{}", '{"key": "x", "verdict": {"kvm": 1, "why": "", "speed": 0}}', "\udcff"]
)
def test_a_damaged_verdict_asks_again(asked: Asked, kept: str) -> None:
    acceleration()
    (settings.runtime_dir() / "acceleration.json").write_text(kept, errors="surrogateescape")
    acceleration()
    assert asked.times == 2
