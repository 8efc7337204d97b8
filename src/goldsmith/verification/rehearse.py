"""Rehearse one first boot: the image's own userland in a container, in seconds, and what it left."""

from __future__ import annotations

import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from goldsmith.cloudinit.datasource import Seed
from goldsmith.cloudinit.first_boot_files import read_image
from goldsmith.cloudinit.first_boot_record import FirstBoot
from goldsmith.disk.disk import Disk
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.events import Emit, ignore
from goldsmith.guest.engines import mount
from goldsmith.guest.guest import Guest
from goldsmith.guest.open import open_guest
from goldsmith.machine.boot import boot
from goldsmith.machine.drivers import container
from goldsmith.rules.evidence import CloneEvidence
from goldsmith.verification.clone import clone_evidence, prepare
from goldsmith.verification.gather import kernel_cmdline
from goldsmith.verification.matrix import ClonePlan


def predict_of(disk: Disk, seed: Seed, *, scratch: Path, user_data: bytes = b"", engine: str = mount.NAME) -> FirstBoot:
    """The first boot of a disk without a network, predicted. The disk is not changed."""
    with tempfile.TemporaryDirectory(dir=scratch, prefix="predict-") as made:
        folder = Path(made)
        with _opened(create_overlay(folder / "disk.qcow2", disk), folder, engine) as guest:
            return read_image(guest).predict(seed, cmdline=kernel_cmdline(guest), user_data=user_data, network=False)


def rehearse(
    disk: Disk,
    seed: Seed,
    *,
    scratch: Path,
    user_data: bytes = b"",
    predicted: FirstBoot | None = None,
    keep_console: Path | None = None,
    emit: Emit = ignore,
) -> CloneEvidence:
    """Boot a clone of the disk in a container, power it off, and read what is left. Root only.

    `predicted` says when the boot is over; without it the disk is looked at first. What only a rehearsal saw is no
    proof of boot loader, kernel, initramfs and udev: `hardware` is False. `keep_console` is a file for the console.
    Raises HostError where rehearsals do not work here. What goes wrong in the guest is the evidence's `problem`.
    """
    expected = predicted or predict_of(disk, seed, scratch=scratch, user_data=user_data)
    plan = ClonePlan("rehearsal", seed, container.NAME)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="rehearse-") as made:
        folder = Path(made)
        clone = prepare(
            disk,
            plan,
            folder,
            runs_cloud_init=expected.runs,
            says_finished=expected.finished,
            own_user_data=user_data,
        )
        (record,) = boot([clone.spec], driver=container.NAME, emit=emit)
        if keep_console is not None and record.console.exists():
            keep_console.write_bytes(record.console.read_bytes())
        with _opened(create_overlay(folder / "sealed.qcow2", disk), folder) as guest:
            sealed = guest.index()
        return clone_evidence(
            clone, record, lambda: _opened(clone.spec.disk, folder), sealed=sealed, predicted=expected
        )


def _opened(disk: Disk, scratch: Path, engine: str = mount.NAME) -> AbstractContextManager[Guest]:
    return open_guest(disk, engine=engine, scratch=scratch, read_only=True)
