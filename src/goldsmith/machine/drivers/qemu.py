"""Machines run by QEMU: a process for each, and one more for its TPM where it has one."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from qemu.qmp import QMPError

from goldsmith.errors import HostError, ProcessError
from goldsmith.findings import printable
from goldsmith.machine.agent import GuestAgent
from goldsmith.machine.architecture import Architecture, UefiFirmware, host_architecture, of_this_host
from goldsmith.machine.driver import Activity, CpuTime, DriverStatus, Ended, Features, MachineSpec
from goldsmith.machine.drivers.qemu_argv import Descriptors, argv
from goldsmith.machine.drivers.qemu_models import require_machine
from goldsmith.machine.drivers.qemu_tpm import tpm
from goldsmith.machine.options import Firmware
from goldsmith.machine.qmp import Qmp
from goldsmith.machine.session import KilledAtTheEnd
from goldsmith.machine.ssh_config import Port
from goldsmith.run import Running, require, running

FEATURES = Features(hardware=True, activity=True, firmwares=(Firmware.BIOS, Firmware.UEFI))
# A line of `info usernet`: protocol, descriptor, address and port of this host, address and port of the guest.
FORWARDED = re.compile(r"TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d{1,5})\s+\S+\s+22\b")
LOG_LINES = 5
LINE_LENGTH = 300
GONE_SECONDS = 2.0
# It answers in milliseconds, on a crowded host in a second or two. One that hangs never does.
PROMPT_SECONDS = 0.2
HANG_SECONDS = 30.0


def status() -> DriverStatus:
    """Whether QEMU can run machines of this host's own architecture here."""
    try:
        architecture = of_this_host()
        require(architecture.program)
    except HostError as error:
        return DriverStatus(usable=False, why=error.message, hint=error.hint)
    if architecture.installed_uefi() is None:
        missing = no_uefi(architecture)
        usable = Firmware.BIOS in architecture.firmwares
        why = f"BIOS only: {missing.message}" if usable else missing.message
        return DriverStatus(usable=usable, why=why, hint=missing.hint)
    return DriverStatus(usable=True, why=f"{architecture.program} is installed")


def no_uefi(architecture: Architecture) -> HostError:
    return HostError(
        f"no UEFI firmware for {architecture.program}",
        hint=f"as root: apt-get install --no-install-recommends {architecture.uefi_package}",
    )


def own_uefi(spec: MachineSpec, architecture: Architecture) -> UefiFirmware | None:
    """The machine's firmware with variables of its own, None for BIOS. Raises HostError without the firmware."""
    if spec.options.firmware is not Firmware.UEFI:
        return None
    found = architecture.installed_uefi()
    if found is None:
        raise no_uefi(architecture)
    return found.with_variables_at(spec.kept.with_suffix(".vars.fd"))


class QemuMachine(KilledAtTheEnd):
    """One QEMU process. Its monitor is one end of a socket pair, which has no name that could be left behind.

    `agent` is our end of the guest agent's port while the machine runs; nobody may be listening inside.
    """

    features = FEATURES

    def __init__(self, spec: MachineSpec) -> None:
        foreign = spec.options.arch != host_architecture()
        self.spec = replace(spec, accelerated=False) if foreign else spec
        self._stack = ExitStack()
        self._process: Running | None = None
        self._tpm: Running | None = None
        self._qmp: Qmp | None = None
        self.agent: socket.socket | None = None
        self._threads: tuple[int, ...] = ()
        self._activity = Activity((), 0)
        self._question: Future[Any] | None = None
        self._asked = 0.0
        self._resets = 0
        self._shutdown: str | None = None
        self._ended: Ended | None = None

    @property
    def log(self) -> Path:
        """What QEMU itself says."""
        return self.spec.folder / f"{self.spec.name}.qemu.log"

    @property
    def tpm_log(self) -> Path:
        """What swtpm says."""
        return self.spec.folder / f"{self.spec.name}.tpm.log"

    def start(self) -> None:
        """Raises HostError without QEMU, or without the UEFI firmware or swtpm where the machine needs it; InputError
        where no machine can be made of the options.
        """
        spec = self.spec
        architecture = require_machine(spec.options, accelerated=spec.accelerated)
        spec.folder.mkdir(parents=True, exist_ok=True)
        uefi = own_uefi(spec, architecture)
        ours, theirs = socket.socketpair()
        self.agent, port = socket.socketpair()
        for end in (ours, self.agent):
            self._stack.enter_context(end)
        with theirs, port, ExitStack() as handed_over:
            to_tpm = self._start_tpm(handed_over) if spec.options.tpm else None
            descriptors = Descriptors(theirs.fileno(), port.fileno(), to_tpm)
            command = argv(spec, descriptors, uefi)
            log = self._stack.enter_context(self.log.open("wb"))
            self._process = self._stack.enter_context(running(command, log=log, pass_fds=descriptors.all()))
        try:
            self._qmp = Qmp(ours, self.spec.name)
            self._stack.callback(self._qmp.close)
            self._threads = tuple(each["thread-id"] for each in self._qmp.execute("query-cpus-fast"))
        except ProcessError as error:
            self._ended = self._end_of_process() or Ended(by_guest=False, why=error.message)

    def ended(self) -> Ended | None:
        """None while QEMU and its TPM run, and the guest can go on."""
        if self._ended is None and self._process is not None:
            tpm_gone = self._tpm is not None and self._tpm.poll() is not None
            # QEMU ends its TPM a moment before itself.
            gone = self._process.wait(GONE_SECONDS if tpm_gone else 0) is not None
            if gone and self._qmp is not None:
                self._qmp.wait_gone(GONE_SECONDS)
            self._read_events()
            if self._ended is None and gone:
                self._ended = self._end_of_process()
            elif self._ended is None and tpm_gone:
                self._ended = Ended(by_guest=False, why="its TPM ended" + _last_words(self.tpm_log))
        return self._ended

    def activity(self) -> Activity:
        """The last known values where QEMU does not answer; after 30 s without an answer the machine has ended."""
        devices = self._block_statistics()
        if devices is not None:
            counted = ("rd_operations", "wr_operations", "flush_operations", "unmap_operations")
            blocks = sum(int(device["stats"].get(name, 0)) for device in devices for name in counted)
            self._activity = Activity(tuple(map(_cpu_time, self._threads)), blocks)
        return self._activity

    def resets(self) -> int:
        """How often the guest restarted the machine."""
        self._read_events()
        return self._resets

    def press_power_button(self) -> None:
        """Does nothing on a machine that has ended."""
        if self._qmp is not None and self.ended() is None:
            self._qmp.ask("system_powerdown")

    def _block_statistics(self) -> list[dict[str, Any]] | None:
        """None while there is no answer: others' machines are not kept waiting for it."""
        if self._qmp is None or self._ended is not None:
            return None
        if self._question is None:
            self._question, self._asked = self._qmp.ask("query-blockstats"), time.monotonic()
        try:
            answer: list[dict[str, Any]] = self._question.result(PROMPT_SECONDS)
        except TimeoutError:
            waited = time.monotonic() - self._asked
            if waited >= HANG_SECONDS:
                self._ended = Ended(by_guest=False, why=f"QEMU hangs: its monitor has not answered for {waited:.0f} s")
            return None
        except (QMPError, EOFError, OSError):
            # It has died, and `ended` tells of what.
            answer = []
        self._question = None
        return answer or None

    def screenshot(self) -> Path | None:
        """A PNG of what the screen shows now, beside the console's log. QEMU writes that format from 7.1 on."""
        if self._qmp is None or self.ended() is not None:
            return None
        picture = self.spec.folder.absolute() / f"{self.spec.name}.screenshot.png"
        try:
            self._qmp.execute("screendump", {"filename": str(picture), "format": "png"})
        except ProcessError:
            picture.unlink(missing_ok=True)
            return None
        return picture

    def kill(self) -> None:
        """End QEMU at once."""
        self._stack.close()
        self._qmp = self.agent = self._tpm = None
        if self._ended is None and self._process is not None:
            self._ended = Ended(by_guest=False, why="it was killed")

    def inside(self, within: float) -> AbstractContextManager[GuestAgent]:
        """By the guest agent. Raises ProcessError where nobody answers `within` seconds."""
        if self.agent is None:
            raise ProcessError("the machine has ended")
        return closing(GuestAgent(self.agent, self.spec.name, within=within))

    @contextmanager
    def way_to_sshd(self) -> Iterator[Port]:
        """By a port of this host's loopback. Raises ProcessError where the machine has none, or is gone."""
        if self._qmp is None:
            raise ProcessError("the machine has ended")
        told = self._qmp.execute("human-monitor-command", {"command-line": "info usernet"})
        yield forwarded_port(str(told))

    def _start_tpm(self, handed_over: ExitStack) -> int:
        self._tpm, for_qemu = self._stack.enter_context(tpm(self.spec.kept.with_suffix(".tpm"), self.tpm_log))
        return handed_over.enter_context(for_qemu).fileno()

    def _read_events(self) -> None:
        for event in self._qmp.events() if self._qmp is not None else ():
            data = event.get("data", {})
            match event.get("event"):
                case "RESET" if data.get("guest"):
                    self._resets += 1
                case "SHUTDOWN":
                    self._shutdown = str(data.get("reason", ""))
                case "BLOCK_IO_ERROR" if data.get("action") == "stop":
                    self._ended = Ended(by_guest=False, why=f"its disk could not be written: {data.get('reason')}")

    def _end_of_process(self) -> Ended | None:
        code = self._process.poll() if self._process is not None else None
        if code is None:
            return None
        if code == 0 and self._shutdown == "guest-shutdown":
            return Ended(by_guest=True, why="the guest powered off")
        return Ended(by_guest=False, why=_how(code) + _last_words(self.log))


def forwarded_port(told: str) -> Port:
    """From what QEMU's monitor says of its own network. Raises ProcessError where nothing leads to port 22."""
    found = FORWARDED.search(told)
    if found is None:
        raise ProcessError("no port of this host leads to the machine's sshd")
    return Port(int(found[1]))


def _last_words(log: Path) -> str:
    said = [line for line in log.read_text(errors="replace").splitlines() if line.strip()][-LOG_LINES:]
    return "".join(f": {printable(_short(line))}" for line in said)


def _short(line: str) -> str:
    """QEMU repeats the whole option, which may be long, and says at the end what is wrong with it."""
    return line if len(line) <= LINE_LENGTH else f"{line[: LINE_LENGTH // 3]} … {line[-2 * LINE_LENGTH // 3 :]}"


def _how(code: int) -> str:
    """`lifeline` says 128 and the signal's number, as shells do."""
    match code - 128 if code > 128 else 0:
        case signal.SIGKILL:
            return "QEMU was killed: is this host out of memory?"
        case number if number in {each.value for each in signal.Signals}:
            return f"QEMU crashed with {signal.Signals(number).name}"
        case _:
            return f"QEMU ended with exit code {code}"


def _cpu_time(thread: int) -> CpuTime:
    """From the scheduler's own account where the kernel keeps one."""
    try:
        ran, waited, _ = Path(f"/proc/{thread}/schedstat").read_text(encoding="ascii").split()
        return CpuTime(int(ran) / 1e9, int(waited) / 1e9)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        pass
    try:
        fields = Path(f"/proc/{thread}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return CpuTime((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return CpuTime(0.0)
