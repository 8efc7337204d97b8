"""A disk that a machine has open is told by QEMU's own locks, whatever it does with it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from goldsmith.disk import qemu_img
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.header import inspect
from goldsmith.disk.lock import refuse_used, refuse_written
from goldsmith.errors import InputError
from goldsmith.guest.engines.opening import describe

from .conftest import MIB, Shell

pytestmark = pytest.mark.process
Machine = Callable[..., None]


@pytest.fixture
def machine(sh: Shell, tmp_path: Path) -> Iterator[Machine]:
    """A machine that is stopped before its first instruction, and has a disk open."""
    pids: list[int] = []

    def start(path: Path, options: str) -> None:
        pidfile = tmp_path / f"pid{len(pids)}"
        sh(
            f"qemu-system-x86_64 -S -nodefaults -display none -accel tcg -m 32 -daemonize -pidfile {pidfile}"
            f" -drive file={path},if=none,id=d,{options} -device virtio-blk-pci,drive=d"
        )
        pids.append(int(pidfile.read_text()))

    yield start
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for pid in pids:
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.05)


@pytest.fixture
def raw(tmp_path: Path) -> Disk:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"\xeb\x63\x90".ljust(MIB, b"\0"))
    return Disk(path, DiskFormat.RAW, MIB)


def test_a_disk_that_a_machine_writes_to_is_not_even_read(raw: Disk, machine: Machine) -> None:
    assert inspect(raw.path, raw.format) == MIB
    machine(raw.path, "format=raw")
    for refuse in (refuse_written, refuse_used):
        with pytest.raises(InputError, match="in use: a running machine writes to it"):
            refuse(raw.path)
    with pytest.raises(InputError, match="in use"):
        inspect(raw.path, raw.format)


def test_the_same_of_qcow2(raw: Disk, tmp_path: Path, machine: Machine) -> None:
    packed = qemu_img.convert(raw, tmp_path / "disk.qcow2", DiskFormat.QCOW2)
    machine(packed.path, "format=qcow2")
    with pytest.raises(InputError, match="in use"):
        inspect(packed.path, packed.format)


def test_a_disk_that_a_machine_lies_on_may_be_read_but_not_changed(raw: Disk, tmp_path: Path, machine: Machine) -> None:
    overlay = qemu_img.create_overlay(tmp_path / "overlay.qcow2", raw)
    machine(overlay.path, "format=qcow2")
    assert inspect(raw.path, raw.format) == MIB
    assert describe(raw, read_only=True, grow=False)["virtual_size"] == MIB
    with pytest.raises(InputError, match="lies on it"):
        describe(raw, read_only=False, grow=False)
    with pytest.raises(InputError, match="writes to it"):
        describe(overlay, read_only=True, grow=False)


def test_asking_takes_no_lock(raw: Disk, machine: Machine) -> None:
    for _ in range(2):
        refuse_used(raw.path)
    machine(raw.path, "format=raw")
