"""Machines of a real libvirtd: what they do, and that nothing of them stays, whoever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.machine.libvirtd import Libvirtd, own_libvirtd, wait_until
from tests.integration.machine.png import pixels
from tests.integration.machine.processes import qemus_of

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import HostError, InputError, ProcessError
from goldsmith.machine import watch
from goldsmith.machine.boot import boot
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.drivers import libvirt, libvirt_daemon
from goldsmith.machine.drivers.libvirt import LibvirtMachine
from goldsmith.machine.options import Bus, Firmware, MachineOptions, Network
from goldsmith.machine.patience import Patience

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

PROMPT = "\r\nlocalhost login: "
HURRIED = Patience(
    early_idle=6, early_busy=8, idle=6, sleep=0, busy=8, dead_end=0.3, linger=0, limit=60, grace=8, press=1
)
MachineOf = Callable[..., MachineSpec]


@pytest.fixture(scope="module")
def daemon() -> Iterator[Libvirtd]:
    with own_libvirtd() as started:
        yield started


@pytest.fixture(autouse=True)
def used(daemon: Libvirtd, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test here uses it, and leaves nothing in it."""
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", daemon.uri)
    monkeypatch.setattr(libvirt_daemon, "SYSTEM_LOGS", daemon.logs)
    yield
    wait_until(lambda: daemon.domains() == [])
    deadline = time.monotonic() + 10
    while daemon.leftovers() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert daemon.leftovers() == []


def files_of(spec: MachineSpec) -> list[str]:
    return sorted(path.name for path in spec.folder.iterdir())


def test_a_guest_that_gets_ready_is_powered_off_by_its_button(machine_of: MachineOf) -> None:
    spec = machine_of("clone", PROMPT, "power off by button")
    (record,) = boot([spec], driver="libvirt", patience=HURRIED)
    assert record.problem is None
    assert [passed.milestone.value for passed in record.milestones] == ["firmware", "login", "ready", "off"]
    assert (record.driver, record.hardware, record.off, record.boots) == ("libvirt", True, True, 1)
    assert PROMPT.encode() in record.console.read_bytes()
    assert files_of(spec) == ["clone.console.log", "clone.libvirt.log"]


@pytest.mark.parametrize(
    ("prints", "then", "problem"),
    [
        (PROMPT, "halt", "it did not power off within"),
        ("", None, "s): No bootable device."),
        ("hello", "halt", "stalled after firmware (at "),
        ("hello", "spin", "the processor spins, no milestone and no block activity for "),
        ("hello", "reset", "times without getting ready"),
        ("hello", "power off", "the guest powered off by itself"),
    ],
)
def test_what_goes_wrong_is_told_as_by_qemu(machine_of: MachineOf, prints: str, then: str | None, problem: str) -> None:
    (record,) = boot([machine_of("clone", prints, then)], driver="libvirt", patience=HURRIED)
    assert problem in str(record.problem)


def test_a_guest_that_reads_is_active(machine_of: MachineOf) -> None:
    with LibvirtMachine(machine_of("clone", "hello", "read for ever")) as machine:
        wait_until(lambda: machine.activity().blocks > 10)
        first = machine.activity()
        wait_until(lambda: machine.activity().blocks > first.blocks)
        assert machine.activity().cpus[0].ran > 0
        assert machine.ended() is None


@pytest.mark.parametrize("firmware", [Firmware.BIOS, pytest.param(Firmware.UEFI, marks=pytest.mark.full)])
def test_every_option_starts(machine_of: MachineOf, firmware: Firmware) -> None:
    options = MachineOptions(memory=256, cpus=2, firmware=firmware, tpm=True, bus=Bus.SCSI, network=Network.ISOLATED)
    spec = machine_of("clone", PROMPT, "power off by button", options=options)
    patience = Patience(early_idle=60, early_busy=120, dead_end=0.3, linger=0, grace=8, press=1)
    (record,) = boot([spec], driver="libvirt", patience=patience)
    # A boot sector is nothing to UEFI.
    assert (record.problem is None) == (firmware is Firmware.BIOS), record.problem
    assert record.problem is None or "the boot gave up after firmware" in record.problem
    variables = [f"{spec.uuid}.vars.fd"] if firmware is Firmware.UEFI else []
    assert sorted(files_of(spec)) == sorted(["clone.console.log", "clone.libvirt.log", *variables])


def test_its_screen_can_be_seen(machine_of: MachineOf) -> None:
    with LibvirtMachine(machine_of("clone", "hello", "paint red")) as machine:
        wait_until(lambda: machine.ended() is None and b"hello" in machine.spec.console.read_bytes())
        time.sleep(1.0)
        picture = machine.screenshot()
        assert picture is not None
        _, _, shown = pixels(picture.read_bytes())
        red = sum(color[0] > 0xA0 and color[1:] == b"\0\0" for color in shown)
        assert 0.4 < red / len(shown) < 0.6
        machine.kill()
        assert machine.screenshot() is None


def test_a_guest_without_an_agent_lets_nobody_in(machine_of: MachineOf) -> None:
    with (
        LibvirtMachine(machine_of("clone", "hello", "halt")) as machine,
        pytest.raises(ProcessError, match="nobody answers at the guest agent's port within 2 s"),
        machine.inside(2.0),
    ):
        pass


def test_two_at_once_with_a_network(machine_of: MachineOf) -> None:
    options = MachineOptions(memory=64, network=Network.USER)
    specs = [machine_of(name, PROMPT, "power off by button", options=options) for name in ("one", "two", "three")]
    records = boot(specs, driver="libvirt", patience=HURRIED, at_once=2)
    assert [(each.name, each.problem, each.off) for each in records] == [
        ("one", None, True),
        ("two", None, True),
        ("three", None, True),
    ]


def test_its_console_can_be_attached(machine_of: MachineOf, daemon: Libvirtd) -> None:
    with LibvirtMachine(machine_of("clone", "hello", "chatter")) as machine:
        attached = subprocess.Popen(
            ["script", "--quiet", "--command", f"virsh -c '{daemon.uri}' console {machine.name}", "/dev/null"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert attached.stdout is not None
        seen = b""
        while b"yyyy" not in seen:
            seen += os.read(attached.stdout.fileno(), 4096)
        attached.kill()
        attached.communicate()
        wait_until(lambda: machine.ended() is None and b"yyyy" in machine.spec.console.read_bytes())


@pytest.mark.full
def test_a_long_console_is_kept_whole(machine_of: MachineOf) -> None:
    """virtlogd begins a new file every 2 MiB."""
    with LibvirtMachine(machine_of("clone", "hello", "flood")) as machine:
        wait_until(lambda: machine.ended() is None and machine.spec.console.stat().st_size > 3 << 20, seconds=120)
    said = machine.spec.console.read_bytes()
    # SeaBIOS says the end of its last line late.
    assert set(said[1024:]) <= set(b"y.\r\n")
    assert files_of(machine.spec) == ["clone.console.log", "clone.libvirt.log"]


@pytest.mark.parametrize("firmware", Firmware)
def test_a_domain_that_somebody_destroys_or_defines_is_told_and_forgotten(
    machine_of: MachineOf, daemon: Libvirtd, tmp_path: Path, firmware: Firmware
) -> None:
    """One with UEFI has variables beside it, without which libvirt does not undefine it."""
    options = MachineOptions(memory=256, firmware=firmware)
    with LibvirtMachine(machine_of("clone", "hello", "halt", options=options)) as machine:
        xml = tmp_path / "defined.xml"
        xml.write_text(daemon.virsh("dumpxml", machine.name).stdout)
        daemon.virsh("define", str(xml))
        daemon.virsh("destroy", machine.name)
        wait_until(machine.ended)
        assert machine.ended() is not None
        assert "somebody destroyed the domain" in str(machine.ended())
        assert daemon.domains() == [machine.name]
    assert daemon.domains() == []


def test_ending_twice_is_allowed(machine_of: MachineOf, daemon: Libvirtd) -> None:
    with LibvirtMachine(machine_of("clone", "hello", "halt")) as machine:
        assert daemon.domains() == [machine.name]
        machine.kill()
        machine.kill()
        machine.press_power_button()
        assert machine.ended() is not None
    assert daemon.domains() == []


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_a_qemu_that_dies_is_told(machine_of: MachineOf, daemon: Libvirtd, number: signal.Signals) -> None:
    with LibvirtMachine(machine_of("clone", "hello", "read for ever")) as machine:
        wait_until(lambda: machine.ended() is None and b"hello" in machine.spec.console.read_bytes())
        os.kill(qemus_of(machine.spec)[0], number)
        wait_until(machine.ended)
        assert "QEMU ended by itself" in str(machine.ended())
    assert daemon.domains() == []


def test_a_qemu_that_hangs_is_ended(machine_of: MachineOf, daemon: Libvirtd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libvirt, "SILENCE_SECONDS", 5.0)
    with LibvirtMachine(machine_of("clone", "hello", "read for ever")) as machine:
        wait_until(lambda: machine.ended() is None and b"hello" in machine.spec.console.read_bytes())
        os.kill(qemus_of(machine.spec)[0], signal.SIGSTOP)
        wait_until(machine.ended, seconds=60)
        assert "libvirtd has not answered for 5 s" in str(machine.ended())
    assert qemus_of(machine.spec) == []
    wait_until(lambda: daemon.domains() == [])
    forget_logs(daemon)


def test_a_guest_that_floods_its_console_is_stopped(machine_of: MachineOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "CONSOLE_LIMIT", 1 << 18)
    spec = machine_of("clone", "hello", "flood")
    (record,) = boot([spec], driver="libvirt", patience=Patience(early_busy=60, limit=60))
    assert record.problem == "it printed more than 256 KiB on its console"
    assert record.console.stat().st_size == 1 << 18


def test_a_machine_that_cannot_start_says_why(tmp_path: Path) -> None:
    missing = Disk(tmp_path / "missing.qcow2", DiskFormat.QCOW2, 1)
    (record,) = boot([MachineSpec("clone", missing, tmp_path / "machines")], driver="libvirt", patience=HURRIED)
    assert "libvirt could not start it: " in str(record.problem)
    assert "missing.qcow2': No such file or directory" in str(record.problem)


def test_other_hosts_and_missing_daemons_are_named(
    machine_of: MachineOf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spec = machine_of("clone", "hello", "halt")
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "qemu+ssh://elsewhere/system")
    with pytest.raises(InputError, match="machines run on this host's QEMU only"):
        boot([spec], driver="libvirt")
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", f"qemu+unix:///system?socket={tmp_path}/none")
    with pytest.raises(HostError, match="no libvirtd answers: Failed to connect socket") as raised:
        boot([spec], driver="libvirt")
    assert "systemctl start libvirtd" in str(raised.value.hint)


def test_a_libvirtd_that_dies_leaves_nothing(machine_of: MachineOf, daemon: Libvirtd) -> None:
    options = MachineOptions(memory=64, tpm=True)
    spec = machine_of("clone", "hello", "halt", options=options)
    with LibvirtMachine(spec) as machine:
        wait_until(lambda: machine.ended() is None and b"hello" in spec.console.read_bytes())
        daemon.kill()
        wait_until(machine.ended)
        assert "the connection to libvirtd ended" in str(machine.ended())
    assert not any(spec.name in each for each in daemon.leftovers() if "qemu-system" in each)
    assert files_of(spec) == ["clone.console.log", "clone.libvirt.log"]
    daemon.start()
    forget_logs(daemon)


def test_a_libvirtd_that_hangs_leaves_nothing(machine_of: MachineOf, daemon: Libvirtd) -> None:
    spec = machine_of("clone", "hello", "halt")
    with LibvirtMachine(spec) as machine:
        wait_until(lambda: machine.ended() is None and b"hello" in spec.console.read_bytes())
        daemon.signal(signal.SIGSTOP)
        try:
            wait_until(machine.ended, seconds=60)
            machine.kill()
            assert files_of(spec) == ["clone.console.log", "clone.libvirt.log"]
        finally:
            daemon.signal(signal.SIGCONT)
    assert "libvirtd" in str(machine.ended())
    wait_until(lambda: daemon.domains() == [])
    forget_logs(daemon)


PROGRAM = """
import sys
from pathlib import Path
from uuid import UUID
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import Stopped
from goldsmith.machine import watch
from goldsmith.machine.boot import boot
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.drivers import libvirt, libvirt_daemon
from goldsmith.machine.options import MachineOptions
from goldsmith.run import signals_as_errors
libvirt_daemon.SYSTEM_LOGS = (Path(sys.argv[4]), Path(sys.argv[5]))
disk = Disk(Path(sys.argv[1]), DiskFormat.RAW, 16 << 20)
options = MachineOptions(memory=64)
spec = MachineSpec("clone", disk, Path(sys.argv[2]), uuid=UUID(sys.argv[3]), options=options, stages=())
try:
    with signals_as_errors():
        boot([spec], driver="libvirt")
except Stopped as stopped:
    sys.exit(stopped.exit_code)
"""


def running_goldsmith(spec: MachineSpec, daemon: Libvirtd) -> subprocess.Popen[bytes]:
    words = [str(spec.disk.path), str(spec.folder), str(spec.uuid), *map(str, daemon.logs)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    goldsmith = subprocess.Popen([sys.executable, "-c", PROGRAM, *words], env=environment)
    wait_until(lambda: spec.console.exists() and b"hello" in spec.console.read_bytes(), seconds=60)
    return goldsmith


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)], ids=["SIGTERM", "SIGKILL"]
)
def test_no_domain_outlives_goldsmith(
    machine_of: MachineOf, daemon: Libvirtd, number: signal.Signals, code: int
) -> None:
    goldsmith = running_goldsmith(machine_of("clone", "hello", "spin"), daemon)
    goldsmith.send_signal(number)
    assert goldsmith.wait(30) == code
    wait_until(lambda: daemon.domains() == [])
    if number is signal.SIGKILL:
        forget_logs(daemon)


def test_the_next_run_ends_what_dead_goldsmith_and_dead_libvirtd_left(machine_of: MachineOf, daemon: Libvirtd) -> None:
    """A libvirtd that is started again has forgotten that the domain was to end with its connection."""
    goldsmith = running_goldsmith(machine_of("clone", "hello", "spin"), daemon)
    daemon.signal(signal.SIGSTOP)
    goldsmith.kill()
    goldsmith.wait()
    daemon.kill()
    daemon.start()
    (left,) = daemon.domains()
    assert left.startswith("goldsmith-clone-")
    (record,) = boot([machine_of("next", PROMPT, "power off by button")], driver="libvirt", patience=HURRIED)
    assert record.problem is None
    assert daemon.domains() == []
    forget_logs(daemon)


def forget_logs(daemon: Libvirtd) -> None:
    """libvirtd keeps a log for each domain that it ran: a goldsmith that was killed could not take its away, and a
    libvirtd that comes back writes the domain's end into a new one.
    """
    time.sleep(0.5)
    for folder in daemon.logs:
        for path in folder.glob("goldsmith-*.log"):
            path.unlink()
