"""A disk laid out as Enterprise Linux boots before and after goldsmith generalizes it, with SELinux and no relabel.

Its kernel loads the policy in permissive mode: it shows what an enforcing one would deny, and labels what it makes.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.el_image.disk import ElImage, bootable_image
from tests.el_image.dress import MACHINE_ID

from goldsmith.base.base import Base
from goldsmith.cloudinit.seed import write_seed
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.filesystem import FileSystemKind, recognize
from goldsmith.disk.partitions import read_partitions
from goldsmith.disk.qemu_img import convert, create_overlay
from goldsmith.guest.index import Index
from goldsmith.guest.labels.plan import label_of
from goldsmith.guest.open import open_guest
from goldsmith.machine.acceleration import acceleration
from goldsmith.machine.boot import BootRecord, boot
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.milestones import CLOUD_INIT_STAGES, Milestone

pytestmark = [pytest.mark.root, pytest.mark.base, pytest.mark.boot, pytest.mark.timeout(1200)]
COMMAND = (sys.executable, "-c", "from goldsmith.cli.main import main; main()")
# The kernel makes these anew at every boot, on file systems of its own or below such.
OF_THE_KERNEL = ("/dev", "/proc", "/run", "/sys", "/boot/efi")


@dataclass(frozen=True)
class Booted:
    """What a clone's boot left: the record, the console's text, the clone's tree, its machine-id."""

    record: BootRecord
    console: str
    tree: Index
    machine_id: str


@pytest.fixture(scope="module")
def image(debian12: Base, tmp_path_factory: pytest.TempPathFactory) -> ElImage:
    return bootable_image(tmp_path_factory.mktemp("el"), debian12)


@pytest.fixture(scope="module")
def clone(image: ElImage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    folder = tmp_path_factory.mktemp("sealed")
    sealed = folder / "sealed.qcow2"
    subprocess.run(
        [*COMMAND, "generalize", image.disk.path, "--format", "raw", "--engine", "mount", "--output", sealed,
         "--operations", "defaults,fs-uuids"],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    subprocess.run([*COMMAND, "audit", sealed, "--engine", "mount"], check=True, capture_output=True, timeout=600)
    given = Disk(sealed, DiskFormat.QCOW2, image.disk.virtual_size)
    assert uuids(given, folder).isdisjoint(uuids(image.disk, folder)), "GRUB, fstab and kernel have to find new ones"
    yield booted(given, folder)
    sealed.unlink()


def uuids(disk: Disk, folder: Path) -> set[str]:
    """Those of its ext and XFS file systems."""
    raw = convert(disk, folder / "uuids.raw", DiskFormat.RAW).path
    found = [recognize(raw, partition.offset) for partition in read_partitions(raw)]
    raw.unlink()
    return {each.uuid for each in found if each is not None and each.kind is not FileSystemKind.VFAT}


def booted(disk: Disk, folder: Path) -> Booted:
    overlay = create_overlay(folder / "clone.qcow2", disk)
    seed = folder / "seed.iso"
    write_seed(seed, instance_id="iid-el")
    spec = MachineSpec(name="el", disk=overlay, folder=folder, seed=seed)
    (record,) = boot([spec], speed=acceleration().speed)
    with open_guest(overlay, engine="mount", scratch=folder, read_only=True) as guest:
        tree, machine_id = guest.index(), guest.read("/etc/machine-id").decode().strip()
    return Booted(record, record.console.read_text(errors="replace"), tree, machine_id)


def test_a_clone_boots_gets_ready_and_powers_off(clone: Booted) -> None:
    assert clone.record.problem is None
    reached = {passed.milestone for passed in clone.record.milestones}
    assert reached >= {Milestone.KERNEL, Milestone.INIT, *CLOUD_INIT_STAGES, Milestone.READY, Milestone.OFF}


def test_it_boots_once_and_relabels_nothing(clone: Booted) -> None:
    assert clone.record.boots == 1
    assert "Successfully loaded SELinux policy" in clone.console
    assert "autorelabel" not in clone.console


def test_the_kernel_meets_no_file_without_a_label(clone: Booted) -> None:
    assert "unlabeled_t" not in clone.console
    bare = [path for path, entry in clone.tree.items() if not label_of(entry) and not path.startswith(OF_THE_KERNEL)]
    assert bare == []


def test_it_has_an_identity_of_its_own(clone: Booted) -> None:
    assert re.fullmatch("[0-9a-f]{32}", clone.machine_id)
    assert clone.machine_id != MACHINE_ID


@pytest.mark.full
def test_the_image_boots_before_it_is_generalized(image: ElImage, tmp_path: Path) -> None:
    before = booted(image.disk, tmp_path)
    assert (before.record.problem, before.machine_id) == (None, MACHINE_ID)
