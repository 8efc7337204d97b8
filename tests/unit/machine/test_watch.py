from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.events import Event, MilestonePassed
from goldsmith.machine import watch
from goldsmith.machine.driver import Activity, CpuTime, Ended, Features, Machine, MachineSpec
from goldsmith.machine.inside import Inside
from goldsmith.machine.milestones import CLOUD_INIT_STAGES, Milestone
from goldsmith.machine.options import Firmware
from goldsmith.machine.patience import Patience
from goldsmith.machine.ssh_config import Way
from goldsmith.machine.visit import Visit
from goldsmith.machine.watch import BootRecord, WatchedBoot

BOOTED = b"SeaBIOS (version 1)\n[    0.000000] Linux version 6.1\nWelcome to Debian!\n"
READY = BOOTED + b"localhost login: cloud-init[9]: Cloud-init v. 22.4.2 finished at now\n"
POWERED_OFF = Ended(by_guest=True, why="the guest powered off")


class ScriptedMachine:
    """A machine whose guest does what `guest(seconds, machine)` says; time passes by one second at each look."""

    features = Features(hardware=True, activity=True, firmwares=(Firmware.BIOS,))

    def __init__(self, folder: Path, guest: Callable[[int, ScriptedMachine], None], **spec: object) -> None:
        disk = Disk(folder / "disk.qcow2", DiskFormat.QCOW2, 1)
        self.spec = MachineSpec(name="clone", disk=disk, folder=folder, **spec)  # type: ignore[arg-type]
        self.now = -1
        self.end: Ended | None = None
        self.restarts = 0
        self.pressed: list[int] = []
        self.killed = False
        self.shot: Path | None = None
        self.does = Activity((), 0)
        self._guest = guest

    def time(self) -> float:
        return float(max(self.now, 0))

    def prints(self, text: bytes) -> None:
        with self.spec.console.open("ab") as file:
            file.write(text)

    def start(self) -> None: ...

    def ended(self) -> Ended | None:
        self.now += 1
        self._guest(self.now, self)
        return self.end

    def activity(self) -> Activity:
        return self.does

    def resets(self) -> int:
        return self.restarts

    def press_power_button(self) -> None:
        self.pressed.append(self.now)

    def screenshot(self) -> Path | None:
        assert not self.killed
        self.shot = self.spec.folder / "clone.screenshot.png"
        return self.shot

    def kill(self) -> None:
        self.killed = True

    def inside(self, within: float) -> AbstractContextManager[Inside]:
        raise NotImplementedError

    def way_to_sshd(self) -> AbstractContextManager[Way]:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def watched(
    machine: ScriptedMachine,
    until: Milestone = Milestone.READY,
    said: list[Event] | None = None,
    linger: float = 0,
    visit: Visit | None = None,
) -> BootRecord:
    boot = WatchedBoot(
        machine,
        driver="scripted",
        until=until,
        patience=Patience(
            early_idle=10, idle=10, sleep=0, settle=5, dead_end=1, linger=linger, grace=20, busy_grace=60, press=5
        ),
        emit=(said if said is not None else []).append,
        clock=machine.time,
        visit=visit,
    )
    for _ in range(1000):
        record = boot.look()
        if record is not None:
            return record
    pytest.fail("the boot was watched for ever")


def names(record: BootRecord) -> list[str]:
    return [passed.milestone.value for passed in record.milestones]


def test_a_good_boot(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 3:
            machine.prints(READY)
        if machine.pressed and second == machine.pressed[0] + 2:
            machine.end = POWERED_OFF

    machine = ScriptedMachine(tmp_path, guest)
    said: list[Event] = []
    record = watched(machine, said=said)
    assert names(record) == ["firmware", "kernel", "init", "login", "finished", "ready", "off"]
    assert (record.problem, record.off, record.boots, record.seconds) == (None, True, 1, 5.0)
    assert said[0] == MilestonePassed("clone", "firmware", 3.0)
    assert said[-1] == MilestonePassed("clone", "off", 5.0)
    assert machine.killed


def test_the_power_button_is_pressed_again_while_the_guest_ignores_it(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 1:
            machine.prints(READY)
        if len(machine.pressed) == 3:
            machine.end = POWERED_OFF

    machine = ScriptedMachine(tmp_path, guest)
    assert watched(machine).problem is None
    assert machine.pressed == [1, 6, 11]


def test_cloud_init_may_write_its_results_before_the_button_is_pressed(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        machine.does = Activity((CpuTime(min(second, 5)),), 0)
        if second == 1:
            machine.prints(READY)
        if machine.pressed:
            machine.end = POWERED_OFF

    machine = ScriptedMachine(tmp_path, guest)
    assert watched(machine, linger=100).problem is None
    assert machine.pressed == [7]


def test_a_guest_that_never_rests_is_asked_all_the_same(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        machine.does = Activity((CpuTime(second),), 0)
        if second == 1:
            machine.prints(READY)
        if machine.pressed:
            machine.end = POWERED_OFF

    machine = ScriptedMachine(tmp_path, guest)
    assert watched(machine, linger=10).problem is None
    assert machine.pressed == [11]


def test_a_guest_that_never_powers_off_is_killed_and_says_so(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 1:
            machine.prints(READY)

    machine = ScriptedMachine(tmp_path, guest)
    record = watched(machine)
    assert record.problem == "it did not power off within 20 s, though its power button was pressed 4 times"
    assert not record.off
    assert machine.killed


@pytest.mark.parametrize(
    ("ends", "problem"),
    [(40, None), (1000, "it did not power off within 60 s, though its power button was pressed 12 times")],
)
def test_a_guest_that_works_at_it_gets_more_time(tmp_path: Path, ends: int, problem: str | None) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        machine.does = Activity((CpuTime(second),), 0)
        if second == 1:
            machine.prints(READY)
        if second >= ends:
            machine.end = POWERED_OFF

    assert watched(ScriptedMachine(tmp_path, guest)).problem == problem


def test_a_goal_before_ready_ends_hard(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 1:
            machine.prints(BOOTED)

    machine = ScriptedMachine(tmp_path, guest)
    record = watched(machine, until=Milestone.KERNEL)
    assert (record.problem, record.off, machine.pressed, machine.killed) == (None, False, [], True)


def test_a_stall_before_init_is_killed(tmp_path: Path) -> None:
    record = watched(ScriptedMachine(tmp_path, lambda *_: None))
    assert record.problem == "stalled before its first milestone: no milestone, block or CPU activity for 10 s"


def test_a_stalled_operating_system_is_powered_off_so_that_its_disk_can_be_read(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 1:
            machine.prints(BOOTED)
        if machine.pressed:
            machine.end = POWERED_OFF

    record = watched(ScriptedMachine(tmp_path, guest))
    assert record.problem == "stalled after init (at 1.0 s): no milestone, block or CPU activity for 10 s"
    assert record.off


def test_printing_is_no_progress(tmp_path: Path) -> None:
    record = watched(ScriptedMachine(tmp_path, lambda second, machine: machine.prints(b"%d\n" % second)))
    assert record.seconds == 10.0


def test_a_machine_that_dies_names_why(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 4:
            machine.end = Ended(by_guest=False, why="QEMU ended with exit code 1: no space")

    record = watched(ScriptedMachine(tmp_path, guest))
    assert record.problem == (
        "it ended before its first milestone, 4.0 s after its start: QEMU ended with exit code 1: no space"
    )


def test_a_guest_that_powers_off_too_early(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 2:
            machine.prints(BOOTED)
            machine.end = POWERED_OFF

    record = watched(ScriptedMachine(tmp_path, guest))
    assert record.problem == "it ended after init, 2.0 s after its start: the guest powered off by itself"


def test_one_restart_is_survived(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 1:
            machine.prints(BOOTED)
        if second == 3:
            machine.restarts = 1
            machine.prints(READY)
        if machine.pressed:
            machine.end = POWERED_OFF

    record = watched(ScriptedMachine(tmp_path, guest))
    assert record.problem is None
    assert record.boots == 2
    assert [passed.boot for passed in record.milestones if passed.milestone is Milestone.KERNEL] == [1, 2]


def test_a_restart_loop_is_named(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        machine.prints(BOOTED)
        machine.restarts = second

    assert watched(ScriptedMachine(tmp_path, guest)).problem == "it restarted 4 times without getting ready"


def test_a_console_without_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "CONSOLE_LIMIT", 1 << 20)
    machine = ScriptedMachine(tmp_path, lambda _, machine: machine.prints(b"y" * 300_000))
    assert watched(machine).problem == "it printed more than 1024 KiB on its console"


def test_a_console_without_end_is_cut_off_while_it_powers_off_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "CONSOLE_LIMIT", 1 << 20)

    def guest(second: int, machine: ScriptedMachine) -> None:
        machine.prints(READY if second == 1 else b"")
        if machine.pressed:
            machine.prints(b"y" * 300_000)

    record = watched(ScriptedMachine(tmp_path, guest))
    assert record.problem == "it printed more than 1024 KiB on its console"
    assert (record.seconds, record.console.stat().st_size) == (5.0, 1 << 20)


def test_of_a_console_without_end_a_bounded_part_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "CONSOLE_LIMIT", 1 << 20)
    machine = ScriptedMachine(tmp_path, lambda _, machine: machine.prints(b"y" * 5_000_000))
    assert watched(machine).console.stat().st_size == 1 << 20


def test_a_dead_end_ends_the_boot_and_is_its_cause(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        machine.does = Activity((CpuTime(second),), second * 100)
        if second == 1:
            machine.prints(BOOTED + b"[    1.5] Kernel panic - not syncing: VFS: Unable to mount root fs\n")

    record = watched(ScriptedMachine(tmp_path, guest))
    assert record.problem == (
        "the boot gave up after init (at 1.0 s): [    1.5] Kernel panic - not syncing: VFS: Unable to mount root fs"
    )
    assert (record.seconds, record.off) == (2.0, False)
    assert [each.name for each in record.causes] == ["no-root"]


def test_a_dead_end_after_ready_is_no_good_boot(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 1:
            machine.prints(READY + b"\nYou are in emergency mode. After logging in, type\n")

    record = watched(ScriptedMachine(tmp_path, guest), linger=30)
    assert record.problem is not None
    assert record.problem.startswith("the boot gave up after ready")


def test_a_stall_names_the_units_that_never_ended(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 1:
            machine.prints(BOOTED + b"         Starting endless.service - Endless...\n")
        if machine.pressed:
            machine.end = POWERED_OFF

    record = watched(ScriptedMachine(tmp_path, guest))
    assert [each.cause for each in record.causes] == ["systemd waits for endless.service - Endless"]
    assert record.causes[0].line == "Starting endless.service - Endless..."


def test_a_stall_is_told_with_what_systemd_waits_for_and_the_last_lines(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 1:
            machine.prints(BOOTED + b"".join(b"\x1b[2Jline %d\n" % number for number in range(40)))
        machine.prints(b"[ *    ] Job endless.service/start running (%ds / no limit)\r" % second)
        if machine.pressed:
            machine.end = POWERED_OFF

    record = watched(ScriptedMachine(tmp_path, guest))
    assert record.problem == "stalled after init (at 1.0 s): no milestone, block or CPU activity for 10 s"
    assert [each.cause for each in record.causes] == ["systemd waits for endless.service"]
    assert len(record.tail) == 20
    assert all(line.isprintable() for line in record.tail)


@pytest.mark.parametrize(("printed", "names"), [(b"", ["silent-console"]), (BOOTED, [])])
def test_a_machine_without_a_serial_console_is_told_apart(tmp_path: Path, printed: bytes, names: list[str]) -> None:
    record = watched(ScriptedMachine(tmp_path, lambda second, machine: machine.prints(printed if second == 1 else b"")))
    assert record.problem is not None
    assert [each.name for each in record.causes] == names


def test_a_good_boot_is_never_silent(tmp_path: Path) -> None:
    """A quiet kernel and no getty on the serial port: nothing but cloud-init's last word is seen."""

    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 3:
            machine.prints(b"cloud-init[9]: Cloud-init v. 22.4.2 finished at now\n")
        if machine.pressed:
            machine.end = POWERED_OFF

    record = watched(ScriptedMachine(tmp_path, guest))
    assert (record.problem, record.causes) == (None, ())


def test_a_full_disk_of_this_host_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 4:
            machine.end = Ended(by_guest=False, why="its disk could not be written: No space left on device")

    monkeypatch.setattr(watch, "ROOM_BYTES", 1 << 80)
    record = watched(ScriptedMachine(tmp_path, guest))
    assert [each.name for each in record.causes] == ["host-disk-full"]


def test_the_last_words_of_a_machine_that_died_are_read(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 2:
            machine.prints(b"y\n" * watch.READ_BYTES + BOOTED + b"[    9.0] Kernel panic - not syncing: bad")
            machine.end = Ended(by_guest=False, why="it was killed")

    record = watched(ScriptedMachine(tmp_path, guest))
    assert [each.name for each in record.causes] == ["kernel-panic"]
    assert record.reached(Milestone.INIT)


def test_cloud_init_says_how_long_the_machine_was_up(tmp_path: Path) -> None:
    stage = b"cloud-init[4]: Cloud-init v. 25.1.4 running 'init' at Tue, 24 Nov 2026. Up 38.11 seconds.\n"

    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 1:
            machine.prints(BOOTED + b"         Starting cloud-init.service - Initial cloud-init job\n")
        if second == 3:
            machine.prints(stage + READY)
        if machine.pressed:
            machine.end = POWERED_OFF

    record = watched(ScriptedMachine(tmp_path, guest))
    (begun,) = [each for each in record.milestones if each.milestone is Milestone.CLOUD_INIT_NETWORK]
    assert (begun.seconds, begun.up) == (1.0, 38.11)


@pytest.mark.parametrize("after", [b"", b"[  OK  ] Reached target network-online.target - Network is Online.\n"])
def test_a_login_prompt_alone_is_no_proof(tmp_path: Path, after: bytes) -> None:
    """Where cloud-init is disabled a network may still come up after the prompt."""

    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 1:
            machine.prints(BOOTED + b"localhost login: ")
        if second == 2:
            machine.prints(b"\n" + after)
        if machine.pressed:
            machine.end = POWERED_OFF

    record = watched(ScriptedMachine(tmp_path, guest, stages=CLOUD_INIT_STAGES))
    assert record.problem is not None
    assert record.problem.startswith("the login prompt appeared, but cloud-init never ran")


def test_without_a_final_message_a_guest_at_rest_is_ready(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 1:
            machine.prints(BOOTED + b"cloud-init[9]: Cloud-init v. 22.4.2 running 'modules:final' at now\n")
            machine.prints(b"localhost login: ")
        if second < 10:
            machine.does = Activity((CpuTime(second),), 0)
        if machine.pressed:
            machine.end = POWERED_OFF

    record = watched(ScriptedMachine(tmp_path, guest, stages=CLOUD_INIT_STAGES, says_finished=False))
    assert record.problem is None
    assert [passed.seconds for passed in record.milestones if passed.milestone is Milestone.READY] == [14.0]


def printing(text: bytes) -> Callable[[int, ScriptedMachine], None]:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 1:
            machine.prints(text)

    return guest


@pytest.mark.parametrize("text", [b"", b"SeaBIOS (version 1)\n", b"SeaBIOS (version 1)\nWelcome to GRUB!\n"])
def test_a_boot_that_stalls_before_its_kernel_told_anything_leaves_a_picture(tmp_path: Path, text: bytes) -> None:
    machine = ScriptedMachine(tmp_path, printing(text))
    record = watched(machine)
    assert (record.problem or "").startswith("stalled ")
    assert record.screenshot == machine.shot is not None


@pytest.mark.parametrize("text", [BOOTED, b"SeaBIOS (version 1)\nNo bootable device.\n"])
def test_a_boot_whose_console_tells_the_reason_leaves_none(tmp_path: Path, text: bytes) -> None:
    machine = ScriptedMachine(tmp_path, printing(text))
    record = watched(machine)
    assert record.problem is not None
    assert record.screenshot is machine.shot is None


def slow_guest(second: int, machine: ScriptedMachine) -> None:
    """Ready at once, powers off when asked; a look at it takes a moment of real time."""
    time.sleep(0.002)
    if second == 1:
        machine.prints(READY)
    if machine.pressed:
        machine.end = POWERED_OFF


def test_a_ready_guest_is_visited_before_its_button_is_pressed(tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []

    def pay(machine: Machine) -> None:
        time.sleep(0.05)
        assert isinstance(machine, ScriptedMachine)
        seen.append((threading.current_thread().name, len(machine.pressed)))

    record = watched(ScriptedMachine(tmp_path, slow_guest), visit=Visit(pay, 20.0))
    assert (record.problem, record.off) == (None, True)
    assert seen == [("visit clone_0", 0)]


def test_a_visit_that_does_not_end_is_left_behind(tmp_path: Path) -> None:
    leave = threading.Event()
    record = watched(ScriptedMachine(tmp_path, slow_guest), visit=Visit(lambda _: leave.wait(30), 0.05))
    leave.set()
    assert (record.problem, record.off) == (None, True)


def test_a_guest_may_go_down_while_it_is_visited(tmp_path: Path) -> None:
    leave = threading.Event()

    def guest(second: int, machine: ScriptedMachine) -> None:
        slow_guest(second, machine)
        if second == 5:
            machine.end = Ended(by_guest=False, why="QEMU ended with exit code 1")

    record = watched(ScriptedMachine(tmp_path, guest), visit=Visit(lambda _: leave.wait(30), 20.0))
    leave.set()
    assert not record.off
    assert names(record)[-1] == "ready"


def test_a_guest_that_floods_its_console_while_it_is_visited_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "CONSOLE_LIMIT", 1 << 20)
    leave = threading.Event()

    def guest(second: int, machine: ScriptedMachine) -> None:
        slow_guest(second, machine)
        if second > 3:
            machine.prints(b"x" * (1 << 20))

    record = watched(ScriptedMachine(tmp_path, guest), visit=Visit(lambda _: leave.wait(30), 20.0))
    leave.set()
    assert record.problem == "it printed more than 1 MiB on its console"


def test_a_defect_of_a_visit_is_heard(tmp_path: Path) -> None:
    def pay(_: Machine) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        watched(ScriptedMachine(tmp_path, slow_guest), visit=Visit(pay, 20.0))


def test_a_guest_that_never_gets_ready_is_not_visited(tmp_path: Path) -> None:
    def guest(second: int, machine: ScriptedMachine) -> None:
        if second == 1:
            machine.prints(BOOTED)
        if machine.pressed:
            machine.end = POWERED_OFF

    seen: list[Machine] = []
    assert watched(ScriptedMachine(tmp_path, guest), visit=Visit(seen.append, 20.0)).problem is not None
    assert seen == []
