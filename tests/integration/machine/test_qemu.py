from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.machine.processes import qemus_of, tpms_of

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.events import Event, MilestonePassed
from goldsmith.machine import watch
from goldsmith.machine.boot import boot
from goldsmith.machine.cause import leading
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.drivers import qemu
from goldsmith.machine.drivers.qemu import QemuMachine
from goldsmith.machine.milestones import Milestone
from goldsmith.machine.options import Firmware, MachineOptions
from goldsmith.machine.patience import Patience

pytestmark = pytest.mark.process

SMALL = MachineOptions(memory=64)
MachineOf = Callable[..., MachineSpec]
PROMPT = "\r\nlocalhost login: "
HURRIED = Patience(
    early_idle=2, early_busy=3, idle=2, sleep=0, busy=3, dead_end=0.3, linger=0, limit=20, grace=8, press=1
)
LIMITED = Patience(early_idle=2, early_busy=2, limit=4)


def test_a_guest_that_gets_ready_is_powered_off_by_its_button(machine_of: MachineOf) -> None:
    said: list[Event] = []
    (record,) = boot([machine_of("clone", PROMPT, "power off by button")], patience=HURRIED, emit=said.append)
    assert record.problem is None
    assert [passed.milestone.value for passed in record.milestones] == ["firmware", "login", "ready", "off"]
    assert record.off
    assert record.boots == 1
    assert PROMPT.encode() in record.console.read_bytes()
    assert [event.milestone for event in said if isinstance(event, MilestonePassed)][-1] == "off"


def test_an_early_press_is_ignored_and_repeated(machine_of: MachineOf) -> None:
    spec = machine_of("clone", PROMPT, "power off by button, not at first")
    (record,) = boot([spec], patience=HURRIED)
    assert record.problem is None
    assert record.milestones[-1].seconds - record.milestones[-2].seconds > 1


def test_a_guest_that_ignores_its_button_is_killed(machine_of: MachineOf) -> None:
    spec = machine_of("clone", PROMPT, "halt")
    (record,) = boot([spec], patience=Patience(linger=0, grace=2.0, press=0.9))
    told = r"it did not power off within \d s, though its power button was pressed [23] times"
    assert re.fullmatch(told, record.problem or "")
    assert not record.off
    assert qemus_of(spec) == []


def test_a_blank_disk_is_a_dead_end_at_once(machine_of: MachineOf) -> None:
    (record,) = boot([machine_of("blank")], patience=HURRIED)
    assert record.problem is not None
    assert record.problem.startswith("the boot gave up after firmware (at ")
    assert record.problem.endswith("s): No bootable device.")
    assert [each.name for each in leading(record.causes)] == ["no-bootable-device"]
    assert record.tail[-1] == "No bootable device."


@pytest.mark.full
def test_a_blank_disk_is_a_dead_end_by_uefi_too(machine_of: MachineOf) -> None:
    patient = Patience(early_idle=20, early_busy=40, dead_end=0.3)
    options = MachineOptions(firmware=Firmware.UEFI, memory=256)
    (record,) = boot([machine_of("blank", options=options)], patience=patient)
    assert record.problem is not None
    assert "the boot gave up after firmware" in record.problem
    assert [each.name for each in leading(record.causes)] == ["no-bootable-device"]


def test_a_guest_that_halts_is_stalled(machine_of: MachineOf) -> None:
    (record,) = boot([machine_of("clone", "hello", "halt")], patience=HURRIED)
    assert record.problem is not None
    assert record.problem.startswith("stalled after firmware (at ")
    assert "hello" in record.tail[-1]
    assert [each.name for each in leading(record.causes)] == ["silent-console"]


def test_a_guest_that_only_prints_is_stalled(machine_of: MachineOf) -> None:
    (record,) = boot([machine_of("clone", "hello", "chatter")], patience=HURRIED)
    assert record.problem is not None
    assert record.problem.startswith("stalled after firmware (at ")


def test_a_guest_that_spins_is_stalled_later(machine_of: MachineOf) -> None:
    (record,) = boot([machine_of("clone", "hello", "spin")], patience=HURRIED)
    assert record.problem is not None
    assert "the processor spins, no milestone and no block activity for " in record.problem


def test_a_guest_that_reads_for_ever_meets_the_limit(machine_of: MachineOf) -> None:
    (record,) = boot([machine_of("clone", "hello", "read for ever")], patience=LIMITED)
    assert record.problem is not None
    assert record.problem.startswith("not done after ")
    assert "the limit on this host; it was still busy after firmware" in record.problem


def test_a_guest_that_restarts_for_ever_is_stopped(machine_of: MachineOf) -> None:
    (record,) = boot([machine_of("clone", "hello", "reset")], patience=HURRIED)
    assert record.problem is not None
    assert record.problem.endswith("times without getting ready")
    assert record.boots >= 4


def test_a_guest_that_powers_off_too_early(machine_of: MachineOf) -> None:
    (record,) = boot([machine_of("clone", "hello", "power off")], patience=HURRIED)
    assert record.problem is not None
    assert record.problem.startswith("it ended after firmware, ")
    assert record.problem.endswith("the guest powered off by itself")


def test_a_machine_that_cannot_start_says_what_qemu_said(tmp_path: Path) -> None:
    missing = Disk(tmp_path / "missing.qcow2", DiskFormat.QCOW2, 1)
    (record,) = boot([MachineSpec("clone", missing, tmp_path / "machines")], patience=HURRIED)
    assert record.problem is not None
    assert record.problem.startswith("it ended before its first milestone, ")
    assert "QEMU ended with exit code 1: " in record.problem
    assert "missing.qcow2" in record.problem


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (signal.SIGSEGV, "QEMU crashed with SIGSEGV"),
        (signal.SIGKILL, "QEMU was killed: is this host out of memory?"),
    ],
)
def test_a_qemu_that_dies_is_told(machine_of: MachineOf, number: signal.Signals, told: str) -> None:
    spec = machine_of("clone", "hello", "read for ever")
    sent: list[int] = []

    def send(event: Event) -> None:
        if isinstance(event, MilestonePassed) and not sent:
            sent.extend(qemus_of(spec))
            os.kill(sent[0], number)

    (record,) = boot([spec], patience=LIMITED, emit=send)
    assert record.problem is not None
    assert record.problem.startswith("it ended after firmware, ")
    assert told in record.problem
    assert record.seconds < LIMITED.limit


def test_a_qemu_that_hangs_is_ended(machine_of: MachineOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its other machine goes on meanwhile."""
    monkeypatch.setattr(qemu, "HANG_SECONDS", 3.0)
    hung, good = machine_of("hung", "hello", "read for ever"), machine_of("good", PROMPT, "power off by button")

    def stop(event: Event) -> None:
        if isinstance(event, MilestonePassed) and event.clone == "hung":
            os.kill(qemus_of(hung)[0], signal.SIGSTOP)

    begun = time.monotonic()
    first, second = boot([hung, good], patience=Patience(early_idle=60, early_busy=60, linger=0), at_once=2, emit=stop)
    assert first.problem is not None
    assert "QEMU hangs: its monitor has not answered for 3 s" in first.problem
    assert second.problem is None
    assert second.seconds < first.seconds
    assert time.monotonic() - begun < 30
    assert qemus_of(hung) == []


def test_a_guest_that_floods_its_console_is_stopped(machine_of: MachineOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "CONSOLE_LIMIT", 1 << 18)
    (record,) = boot([machine_of("clone", "hello", "flood")], patience=Patience(early_busy=60, limit=60))
    assert record.problem == "it printed more than 256 KiB on its console"
    assert record.console.stat().st_size == 1 << 18


def test_escape_sequences_of_a_guest_reach_no_terminal(machine_of: MachineOf) -> None:
    escapes = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[5n\x9b\x1bPq"
    (record,) = boot([machine_of("clone", escapes, "halt")], patience=HURRIED)
    assert escapes.encode() in record.console.read_bytes()
    assert "red" in record.tail[-1]
    assert all(line.isprintable() for line in record.tail)


def test_two_at_once_and_one_after(machine_of: MachineOf) -> None:
    specs = [machine_of(name, PROMPT, "power off by button") for name in ("one", "two", "three")]
    records = boot(specs, patience=HURRIED, at_once=2)
    assert [(record.name, record.problem, record.off) for record in records] == [
        ("one", None, True),
        ("two", None, True),
        ("three", None, True),
    ]


def test_ending_twice_is_allowed(machine_of: MachineOf) -> None:
    spec = machine_of("clone", "hello", "halt")
    with QemuMachine(spec) as machine:
        assert len(qemus_of(spec)) == 1
        machine.kill()
        machine.kill()
        machine.press_power_button()
        assert machine.ended() is not None
    assert qemus_of(spec) == []


def test_what_a_base_holds_is_never_written(machine_of: MachineOf, tmp_path: Path) -> None:
    spec = machine_of("clone", PROMPT, "power off by button")
    overlay = tmp_path / "overlay.qcow2"
    command = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(spec.disk.path), str(overlay)]
    subprocess.run(command, check=True, timeout=20)
    before = spec.disk.path.read_bytes(), spec.disk.path.stat().st_mtime_ns
    spec.disk.path.chmod(0o444)
    disk = Disk(overlay, DiskFormat.QCOW2, spec.disk.virtual_size, spec.disk)
    (record,) = boot([MachineSpec("clone", disk, spec.folder, options=SMALL, stages=())], patience=HURRIED)
    assert record.problem is None
    assert (spec.disk.path.read_bytes(), spec.disk.path.stat().st_mtime_ns) == before


@pytest.mark.root
def test_a_host_without_space_is_named(machine_of: MachineOf, tmp_path: Path) -> None:
    spec = machine_of("clone", PROMPT, "write for ever")
    full = tmp_path / "full"
    full.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(full)], check=True, timeout=20)
    try:
        overlay = full / "overlay.qcow2"
        command = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(spec.disk.path), str(overlay)]
        subprocess.run(command, check=True, timeout=20)
        disk = Disk(overlay, DiskFormat.QCOW2, spec.disk.virtual_size, spec.disk)
        (record,) = boot([MachineSpec("clone", disk, spec.folder, options=SMALL)], patience=HURRIED)
    finally:
        subprocess.run(["umount", str(full)], check=True, timeout=20)
    assert record.problem is not None
    assert record.problem.startswith("it ended after login, ")
    assert record.problem.endswith("its disk could not be written: No space left on device")
    assert [each.name for each in leading(record.causes)] == ["host-disk-full"]


PROGRAM = """
import sys
from pathlib import Path
from uuid import UUID
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import Stopped
from goldsmith.machine.boot import boot
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.options import MachineOptions
from goldsmith.run import signals_as_errors
disk = Disk(Path(sys.argv[1]), DiskFormat.RAW, 16 << 20)
options = MachineOptions(memory=64, tpm=True)
spec = MachineSpec("clone", disk, Path(sys.argv[2]), uuid=UUID(sys.argv[3]), options=options, stages=())
try:
    with signals_as_errors():
        boot([spec])
except Stopped as stopped:
    sys.exit(stopped.exit_code)
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_nothing_outlives_goldsmith(machine_of: MachineOf, number: signal.Signals, code: int) -> None:
    spec = machine_of("clone", "hello", "spin")
    goldsmith = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(spec.disk.path), str(spec.folder), str(spec.uuid)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        wait_until(lambda: spec.console.exists() and b"hello" in spec.console.read_bytes())
        assert len(tpms_of(spec)) == 1
        goldsmith.send_signal(number)
        assert goldsmith.wait(10) == code
    finally:
        goldsmith.kill()
        goldsmith.wait()
    wait_until(lambda: qemus_of(spec) == [] and tpms_of(spec) == [])
    left = {"clone.console.log", "clone.qemu.log", "clone.tpm.log", f"{spec.uuid}.tpm"}
    assert {path.name for path in spec.folder.iterdir()} == left


def wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen within 10 s")


def test_until_firmware_ends_hard(machine_of: MachineOf) -> None:
    (record,) = boot([machine_of("clone", "hello", "spin")], until=Milestone.FIRMWARE, patience=HURRIED)
    assert (record.problem, record.off) == (None, False)
