"""Images that cannot boot: each ends soon, and is told apart by what its console shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from goldsmith.base.base import Base
from goldsmith.disk.disk import Disk
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.guest.change import Change, Plan, Remove, Seen, Write
from goldsmith.guest.open import choose_engine, open_guest
from goldsmith.machine.acceleration import Acceleration, acceleration
from goldsmith.machine.boot import BootRecord, boot
from goldsmith.machine.cause import leading
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.milestones import Milestone
from goldsmith.machine.patience import Patience

pytestmark = [pytest.mark.base, pytest.mark.boot, pytest.mark.timeout(900)]

MENU = "/boot/grub/grub.cfg"
NORMAL = "/boot/grub/i386-pc/normal.mod"
GONE = "00000000-1111-2222-3333-444444444444"


def sabotaged(base: Base, folder: Path, name: str) -> Disk:
    """An overlay of the base with one thing changed that its boot needs."""
    disk = create_overlay(folder / f"{name}.qcow2", base.disk)
    engine, _ = choose_engine(None, base.trust)
    with open_guest(disk, engine=engine, scratch=folder) as guest:
        index = guest.index((MENU, NORMAL, "/etc/fstab"))
        menu = guest.read(MENU).decode()
        match name:
            case "no-initramfs":
                change = written(index, MENU, menu.replace("initrd /", "# /"))
            case "init-ends":
                change = written(index, MENU, menu.replace(" root=", " init=/bin/true root="))
            case "no-such-root":
                change = written(index, MENU, menu.replace(" root=UUID=", f" root=UUID={GONE} "))
            case "silent":
                change = written(index, MENU, menu.replace("console=ttyS0,115200", ""))
            case "no-menu":
                change = removed(index, MENU)
            case "no-modules":
                change = removed(index, NORMAL)
            case "bad-fstab":
                fstab = guest.read("/etc/fstab").decode()
                wrong = f"{fstab}UUID={GONE} /srv ext4 x-systemd.device-timeout=2s 0 0\n"
                change = written(index, "/etc/fstab", wrong)
            case _:
                pytest.fail(f"no sabotage is called {name}")
        guest.apply(Plan((change,)))
        guest.sync()
    return disk


def written(index: Mapping[str, object], path: str, text: str) -> Change:
    seen = Seen.of(index[path])  # type: ignore[arg-type]
    content = text.encode()
    return Write(path=path, seen=seen, operation="test", reason="", content=content, mode=0o644, uid=0, gid=0)


def removed(index: Mapping[str, object], path: str) -> Change:
    return Remove(path=path, seen=Seen.of(index[path]), operation="test", reason="")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def this_host() -> Acceleration:
    return acceleration()


@pytest.fixture(scope="module")
def failed(debian12: Base, this_host: Acceleration, tmp_path_factory: pytest.TempPathFactory) -> dict[str, BootRecord]:
    """What several such images left, booted at once: they mostly wait."""
    folder = tmp_path_factory.mktemp("failures")
    specs = [
        MachineSpec(name=name, disk=sabotaged(debian12, folder, name), folder=folder, accelerated=this_host.kvm)
        for name in ("no-such-root", "no-initramfs", "no-menu", "no-modules")
    ]
    return {record.name: record for record in boot(specs, speed=this_host.speed, at_once=3)}


@pytest.mark.parametrize(
    ("name", "last", "cause", "line"),
    [
        ("no-menu", Milestone.BOOTLOADER, "grub-prompt", "grub>"),
        ("no-modules", Milestone.BOOTLOADER, "grub-rescue", "grub rescue>"),
        ("no-initramfs", Milestone.KERNEL, "no-root", "Kernel panic - not syncing: VFS: Unable to mount root fs"),
        ("no-such-root", Milestone.INITRAMFS, "initramfs-shell", "(initramfs)"),
    ],
)
def test_a_boot_that_gives_up_says_why(
    failed: dict[str, BootRecord], name: str, last: Milestone, cause: str, line: str
) -> None:
    record = failed[name]
    assert record.problem is not None
    assert record.problem.startswith(f"the boot gave up after {last} (at ")
    assert line in record.problem
    first = leading(record.causes)[0]
    assert (first.name, first.ends) == (cause, True)
    assert line in first.line
    assert any(line in shown for shown in record.tail)
    assert not record.off


def test_what_came_before_the_dead_end_is_told_too(failed: dict[str, BootRecord]) -> None:
    assert [each.name for each in leading(failed["no-such-root"].causes)] == ["initramfs-shell", "root-not-found"]
    assert [each.name for each in leading(failed["no-modules"].causes)] == ["grub-rescue", "boot-loader-error"]


def test_none_of_them_waits_for_its_limit(failed: dict[str, BootRecord], this_host: Acceleration) -> None:
    assert all(record.seconds < Patience().scaled(this_host.speed).limit / 4 for record in failed.values())


def test_a_kernel_that_prints_elsewhere_is_told_apart(debian12: Base, this_host: Acceleration, tmp_path: Path) -> None:
    disk = sabotaged(debian12, tmp_path, "silent")
    spec = MachineSpec(name="silent", disk=disk, folder=tmp_path, accelerated=this_host.kvm)
    (record,) = boot([spec], patience=Patience(early_idle=10, early_busy=10, limit=90))
    assert record.problem is not None
    assert record.problem.startswith("stalled after bootloader (at ")
    assert [each.name for each in leading(record.causes)] == ["silent-console"]


@pytest.mark.full
def test_a_first_process_that_dies_is_named(debian12: Base, this_host: Acceleration, tmp_path: Path) -> None:
    disk = sabotaged(debian12, tmp_path, "init-ends")
    spec = MachineSpec(name="ends", disk=disk, folder=tmp_path, accelerated=this_host.kvm)
    (record,) = boot([spec], speed=this_host.speed)
    assert record.problem is not None
    assert "Kernel panic - not syncing: Attempted to kill init" in record.problem
    assert [each.name for each in leading(record.causes)] == ["init-killed"]


@pytest.mark.full
def test_a_machine_in_emergency_mode_names_what_failed(debian12: Base, this_host: Acceleration, tmp_path: Path) -> None:
    disk = sabotaged(debian12, tmp_path, "bad-fstab")
    spec = MachineSpec(name="emergency", disk=disk, folder=tmp_path, accelerated=this_host.kvm)
    (record,) = boot([spec], speed=this_host.speed)
    assert record.problem is not None
    assert record.problem.startswith("the boot gave up after init (at ")
    names = [each.name for each in leading(record.causes)]
    assert names[:2] == ["emergency-mode", "missing-device"]
    assert "failed-dependency" in names
