from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldsmith.base.base import Base
from goldsmith.cloudinit.seed import write_seed
from goldsmith.disk.qemu_img import check, create_overlay
from goldsmith.machine.acceleration import Acceleration, acceleration
from goldsmith.machine.boot import boot
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.milestones import CLOUD_INIT_STAGES, Milestone
from goldsmith.machine.options import Firmware, MachineOptions

pytestmark = [pytest.mark.base, pytest.mark.boot, pytest.mark.timeout(900)]

UNTIL_READY = {Milestone.KERNEL, Milestone.INIT, *CLOUD_INIT_STAGES, Milestone.READY, Milestone.OFF}
UEFI = MachineOptions(firmware=Firmware.UEFI)
CloneOf = Callable[..., MachineSpec]


@pytest.fixture(scope="session")
def this_host() -> Acceleration:
    return acceleration()


@pytest.fixture
def clone_of(debian12: Base, this_host: Acceleration, tmp_path: Path) -> CloneOf:
    """Specifies a clone of a base, Debian 12 by default, with an empty NoCloud seed."""

    def make(name: str, base: Base = debian12, **spec: object) -> MachineSpec:
        seed = tmp_path / f"{name}.iso"
        write_seed(seed, instance_id=f"iid-{name}")
        disk = create_overlay(tmp_path / f"{name}.qcow2", base.disk)
        given: dict[str, object] = {"seed": seed, "accelerated": this_host.kvm, **spec}
        return MachineSpec(name=name, disk=disk, folder=tmp_path, **given)  # type: ignore[arg-type]

    return make


@pytest.mark.full
def test_a_clone_boots_by_bios_gets_ready_and_powers_off(clone_of: CloneOf, this_host: Acceleration) -> None:
    spec = clone_of("bios", options=MachineOptions(cpus=2))
    (record,) = boot([spec], speed=this_host.speed)
    assert record.problem is None
    assert {passed.milestone for passed in record.milestones} >= UNTIL_READY
    assert [passed.milestone for passed in record.milestones][-2:] == [Milestone.READY, Milestone.OFF]
    assert (record.off, record.boots) == (True, 1)
    check(spec.disk)


def test_a_clone_boots_by_uefi(clone_of: CloneOf, this_host: Acceleration) -> None:
    (record,) = boot(
        [clone_of("uefi", options=UEFI)],
        until=Milestone.KERNEL,
        speed=this_host.speed,
    )
    assert record.problem is None
    assert record.milestones[0].milestone is Milestone.FIRMWARE
    assert "BdsDxe: starting Boot" in record.console.read_text(errors="replace")


def test_debian_13_is_booted_to_its_init_by_both_firmwares(
    clone_of: CloneOf, debian13: Base, this_host: Acceleration
) -> None:
    specs = [clone_of("bios", debian13), clone_of("uefi", debian13, options=UEFI)]
    records = boot(specs, until=Milestone.INIT, speed=this_host.speed)
    assert [(record.name, record.problem, record.reached(Milestone.INIT)) for record in records] == [
        ("bios", None, True),
        ("uefi", None, True),
    ]
    assert ["BdsDxe: starting Boot" in record.console.read_text(errors="replace") for record in records] == [
        False,
        True,
    ]


@pytest.mark.full
@pytest.mark.parametrize("base", ["debian12", "debian13"])
def test_two_clones_at_once_by_both_firmwares(
    clone_of: CloneOf, this_host: Acceleration, request: pytest.FixtureRequest, base: str
) -> None:
    of = request.getfixturevalue(base)
    specs = [clone_of("bios", of), clone_of("uefi", of, options=UEFI)]
    records = boot(specs, speed=this_host.speed)
    assert [(record.name, record.problem, record.off) for record in records] == [
        ("bios", None, True),
        ("uefi", None, True),
    ]
    for record in records:
        assert {passed.milestone for passed in record.milestones} >= UNTIL_READY
