"""Which clones a build or a verification boots on this host, and what a manifest remembers of them."""

from __future__ import annotations

import pytest

from goldsmith.disk.disk import DiskFormat
from goldsmith.disk.seal import Packing
from goldsmith.events import Event, Note
from goldsmith.machine.acceleration import Acceleration
from goldsmith.machine.driver import DriverStatus
from goldsmith.machine.drivers import container
from goldsmith.machine.options import Bus, Firmware
from goldsmith.pipeline.steps.verify import plan_for, wish_by
from goldsmith.pool.manifest import BaseRecord, MachineRecord, Manifest, TrustRecord
from goldsmith.verification.matrix import NO_WISH, CloneWish

EMULATED = Acceleration(kvm=False, why="no device", speed=0.2)
ACCELERATED = Acceleration(kvm=True, why="proved", speed=1.0)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host where rehearsals work."""
    monkeypatch.setattr(container, "status", lambda: DriverStatus(usable=True, why="root"))


def drivers(wish: CloneWish, said: list[Event], *, engine: str, acceleration: Acceleration) -> list[str]:
    plans = plan_for(wish, engine=engine, acceleration=acceleration, emit=said.append)
    return [plan.driver for plan in plans]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("engine", "acceleration", "rehearse", "expected"),
    [
        ("mount", EMULATED, None, ["qemu", "qemu", "container"]),
        ("mount", EMULATED, False, ["qemu", "qemu", "qemu"]),
        ("mount", ACCELERATED, None, ["qemu", "qemu", "qemu"]),
        ("mount", ACCELERATED, True, ["qemu", "qemu", "container"]),
        ("guestfs", EMULATED, None, ["qemu", "qemu", "qemu"]),
    ],
)
def test_a_part_is_rehearsed_where_machines_are_slow_and_the_guest_is_mounted_anyway(
    engine: str, acceleration: Acceleration, *, rehearse: bool | None, expected: list[str]
) -> None:
    said: list[Event] = []
    assert drivers(CloneWish(rehearse=rehearse), said, engine=engine, acceleration=acceleration) == expected
    chosen_here = "container" in expected and rehearse is None
    assert said == ([Note("machines are emulated: clone-3 only rehearsed, in a container")] if chosen_here else [])


def test_where_rehearsals_do_not_work_all_are_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "status", lambda: DriverStatus(usable=False, why="not root"))
    assert drivers(NO_WISH, [], engine="mount", acceleration=EMULATED) == ["qemu", "qemu", "qemu"]


def test_a_manifest_remembers_the_machines_and_not_how_many() -> None:
    manifest = Manifest(
        name="web", version="1.0", arch="x86_64", created="2026-01-02T03:04:05Z", goldsmith="0.1.0",
        recipe="sha256:0", build_key="sha256:1", file="web-v1.0.raw", format=DiskFormat.RAW, packing=Packing.RAW,
        base=BaseRecord(origin="bootstrap:debian/12", sha256="1" * 64, trust=TrustRecord(level="bootstrapped")),
        size=1, virtual_size=1 << 30, sha256="2" * 64,
    )  # fmt: skip
    assert wish_by(manifest) == NO_WISH
    machine = MachineRecord(firmware=(Firmware.UEFI,), memory=2048, bus=Bus.SCSI)
    remembered = Manifest.model_validate_json(manifest.model_copy(update={"machine": machine}).as_bytes())
    assert wish_by(remembered) == CloneWish(firmwares=(Firmware.UEFI,), machine={"memory": 2048, "bus": Bus.SCSI})
