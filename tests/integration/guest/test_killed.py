"""SIGKILL of goldsmith or of its worker, at any moment: no mount, loop device, FUSE export or process is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from goldsmith.disk.disk import Disk
from goldsmith.disk.qemu_img import create_overlay

# Opens a guest, says how far it is, and waits there.
SCRIPT = """
import sys, time
from pathlib import Path
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import GoldsmithError
from goldsmith.guest.open import open_guest
path, size, base, engine, stage = sys.argv[1:]
disk = Disk(Path(path), DiskFormat.QCOW2, int(size), Disk(Path(base), DiskFormat.RAW, int(size)))
print("opening", flush=True)
try:
    with open_guest(disk, engine=engine, scratch=Path(path).parent) as guest:
        print("open", flush=True)
        while stage == "index":
            guest.index()
        guest.run(["sh", "-c", "sleep 1000 & sleep 1000"])
except GoldsmithError as error:
    print(type(error).__name__, error.message, flush=True)
"""
PATIENCE = 15.0

Start = Callable[..., "subprocess.Popen[str]"]


def traces(folder: Path) -> list[str]:
    """Everything on this host that names the folder."""
    found = [line for line in Path("/proc/mounts").read_text().splitlines() if str(folder) in line]
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            found += [f"{backing}: {line}" for line in backing.read_text().splitlines() if str(folder) in line]
        except OSError:
            continue
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found


def gone(folder: Path) -> list[str]:
    """What is still left after some patience."""
    deadline = time.monotonic() + PATIENCE
    while (left := traces(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def worker_of(pid: int) -> int | None:
    """The worker itself: the topmost process below goldsmith whose program is the worker's. libguestfs forks another
    one, to end the appliance, under the same command line.
    """
    for child in children(pid):
        command = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        if b"-I" in command[:3] and any(word.endswith(b"guest/worker/main.py") for word in command[:3]):
            return child
        below = worker_of(child)
        if below is not None:
            return below
    return None


def children(pid: int) -> list[int]:
    return [int(word) for task in Path(f"/proc/{pid}/task").glob("*/children") for word in task.read_text().split()]


@pytest.fixture
def start(guest_disk: Disk, tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(engine: str, stage: str) -> subprocess.Popen[str]:
        overlay = create_overlay(tmp_path / "overlay.qcow2", guest_disk)
        argv = [str(overlay.path), str(guest_disk.virtual_size), str(guest_disk.path), engine, stage]
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, *argv], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "opening\n"
        if stage != "opening":
            assert process.stdout.readline() == "open\n"
            # Into the request, and the program.
            time.sleep(1.0)
        return process

    yield run
    for process in started:
        kill_goldsmith(process)


def kill_goldsmith(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None and not process.stdout.closed:
        process.stdout.close()


def kill_worker(process: subprocess.Popen[str]) -> None:
    """Where goldsmith has no worker yet, goldsmith itself."""
    worker = worker_of(process.pid)
    if worker is None:
        kill_goldsmith(process)
        return
    os.kill(worker, signal.SIGKILL)
    said, _ = process.communicate(timeout=60)
    assert "died during" in said


KILLS = pytest.mark.parametrize("kill", [kill_goldsmith, kill_worker])


@pytest.mark.root
@KILLS
@pytest.mark.parametrize("delay", [0.05, 0.2, 0.4, 0.8])
def test_mount_while_it_opens(start: Start, tmp_path: Path, kill: Callable[..., None], delay: float) -> None:
    process = start("mount", "opening")
    time.sleep(delay)
    kill(process)
    assert gone(tmp_path) == []


@pytest.mark.root
@KILLS
@pytest.mark.parametrize("stage", ["index", "run"])
def test_mount_while_it_works(start: Start, tmp_path: Path, kill: Callable[..., None], stage: str) -> None:
    process = start("mount", stage)
    assert traces(tmp_path) != []
    kill(process)
    assert gone(tmp_path) == []


@pytest.mark.guestfs
@KILLS
@pytest.mark.parametrize(("stage", "delay"), [("opening", 2.0), ("run", 0.0)])
def test_guestfs(start: Start, tmp_path: Path, kill: Callable[..., None], stage: str, delay: float) -> None:
    process = start("guestfs", stage)
    time.sleep(delay)
    kill(process)
    assert gone(tmp_path) == []


@pytest.mark.parametrize(
    ("engine", "number"),
    [
        pytest.param("mount", signal.SIGINT, marks=pytest.mark.root),
        pytest.param("mount", signal.SIGTERM, marks=pytest.mark.root),
        pytest.param("guestfs", signal.SIGINT, marks=[pytest.mark.guestfs, pytest.mark.full]),
        pytest.param("guestfs", signal.SIGTERM, marks=pytest.mark.guestfs),
    ],
)
def test_an_engine_ends_with_goldsmith_for_any_signal(
    start: Start, tmp_path: Path, engine: str, number: signal.Signals
) -> None:
    process = start(engine, "run")
    assert traces(tmp_path) != []
    process.send_signal(number)
    process.wait(timeout=60)
    assert gone(tmp_path) == []
