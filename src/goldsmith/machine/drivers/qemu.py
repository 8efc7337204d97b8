"""Machines run by QEMU: q35, virtio, no network, everything stated on the command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qemu.qmp import QMPError

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import HostError, ProcessError
from goldsmith.findings import printable
from goldsmith.machine.driver import Activity, CpuTime, DriverStatus, Ended, Features, MachineSpec
from goldsmith.machine.options import Firmware
from goldsmith.machine.qmp import Qmp
from goldsmith.machine.session import KilledAtTheEnd
from goldsmith.run import Running, require, running

PROGRAM = "qemu-system-x86_64"
# What a compromised QEMU may not do; libvirt's choice.
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
FEATURES = Features(hardware=True, activity=True, firmwares=(Firmware.BIOS, Firmware.UEFI))
LOG_LINES = 5
# It answers in milliseconds, on a crowded host in a second or two. One that hangs never does.
PROMPT_SECONDS = 0.2
HANG_SECONDS = 30.0
# Where qemu-ga looks for its host.
AGENT_PORT = "org.qemu.guest_agent.0"


@dataclass(frozen=True, slots=True)
class Ovmf:
    """A UEFI firmware: the code, and the template of its variables, of which each machine gets a copy."""

    code: Path
    variables: Path


# Debian and Ubuntu, Fedora and EL, Arch; builds without Secure Boot.
OVMF = (
    Ovmf(Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd")),
    Ovmf(Path("/usr/share/edk2/ovmf/OVMF_CODE.fd"), Path("/usr/share/edk2/ovmf/OVMF_VARS.fd")),
    Ovmf(Path("/usr/share/edk2/x64/OVMF_CODE.4m.fd"), Path("/usr/share/edk2/x64/OVMF_VARS.4m.fd")),
)


def status() -> DriverStatus:
    """Whether QEMU can run machines here."""
    try:
        require(PROGRAM)
    except HostError as error:
        return DriverStatus(usable=False, why=error.message, hint=error.hint)
    if not any(ovmf.code.exists() for ovmf in OVMF):
        missing = _no_ovmf()
        return DriverStatus(usable=True, why=f"BIOS only: {missing.message}", hint=missing.hint)
    return DriverStatus(usable=True, why=f"{PROGRAM} is installed")


def argv(spec: MachineSpec, *, monitor: int, agent: int, ovmf: Ovmf | None = None) -> list[str]:
    """The whole command line. `monitor` and `agent` are descriptors of connected sockets; `ovmf` names the code and
    this machine's own copy of the variables.
    """
    machine = "q35,graphics=off,vmport=off,hpet=off,dump-guest-core=off"
    if ovmf is not None:
        machine += ",pflash0=code,pflash1=variables"
    words = [PROGRAM, "-no-user-config", "-nodefaults", "-display", "none", "-sandbox", SANDBOX]
    words += ["-name", f"guest={_comma(spec.name)}", "-uuid", str(spec.uuid)]
    words += ["-machine", machine, "-accel", "kvm" if spec.accelerated else "tcg"]
    # EL 9 and 10 need x86-64-v2 and v3: `max` has both, and is the fastest one under emulation.
    words += ["-cpu", "max", "-smp", str(spec.options.cpus), "-m", str(spec.options.memory)]
    words += ["-rtc", "base=utc", "-boot", "strict=on", "-nic", "none"]
    words += ["-chardev", f"socket,id=monitor,fd={monitor}", "-mon", "chardev=monitor,mode=control"]
    words += ["-chardev", f"file,id=console,path={_comma(str(spec.console))},append=on", "-serial", "chardev:console"]
    words += ["-object", json.dumps({"qom-type": "rng-random", "id": "entropy", "filename": "/dev/urandom"})]
    words += ["-device", json.dumps({"driver": "virtio-rng-pci", "rng": "entropy"})]
    words += ["-chardev", f"socket,id=agent,fd={agent}", "-device", json.dumps({"driver": "virtio-serial-pci"})]
    words += ["-device", json.dumps({"driver": "virtserialport", "chardev": "agent", "name": AGENT_PORT})]
    if ovmf is not None:
        code = {"driver": "file", "filename": str(ovmf.code), "read-only": True, "auto-read-only": False}
        words += _blockdev({"driver": "raw", "node-name": "code", "read-only": True, "file": code})
        variables = {"driver": "file", "filename": str(ovmf.variables), "auto-read-only": False}
        words += _blockdev({"driver": "raw", "node-name": "variables", "file": variables})
    for node in _nodes(spec.disk):
        words += _blockdev(node)
    words += ["-device", json.dumps({"driver": "virtio-blk-pci", "id": "disk", "drive": "disk-0", "bootindex": 1})]
    if spec.seed is not None:
        file = {"driver": "file", "filename": str(spec.seed), "read-only": True, "auto-read-only": False}
        words += _blockdev({"driver": "raw", "node-name": "seed", "read-only": True, "file": file})
        words += ["-device", json.dumps({"driver": "virtio-blk-pci", "id": "seed", "drive": "seed"})]
    return words


def _nodes(disk: Disk) -> Iterator[Mapping[str, object]]:
    """The chain of block nodes, deepest first. Only the top is written, without flushing: it is thrown away when the
    host goes down. A qcow2 without a backing disk of ours gets `null`: what its header names is never opened.
    """
    chain = [disk]
    while chain[-1].backing is not None:
        chain.append(chain[-1].backing)
    for depth in reversed(range(len(chain))):
        top = depth == 0
        cache = {"direct": False, "no-flush": top}
        common = {"read-only": not top, "auto-read-only": False, "cache": cache, "discard": "unmap"}
        node: dict[str, object] = {"driver": chain[depth].format.value, "node-name": f"disk-{depth}", **common}
        node["file"] = {"driver": "file", "filename": str(chain[depth].path), **common}
        if chain[depth].format is DiskFormat.QCOW2:
            node["backing"] = f"disk-{depth + 1}" if depth + 1 < len(chain) else None
        yield node


def _blockdev(node: Mapping[str, object]) -> list[str]:
    return ["-blockdev", json.dumps(node)]


def _comma(value: str) -> str:
    return value.replace(",", ",,")


def _no_ovmf() -> HostError:
    return HostError("no UEFI firmware for QEMU", hint="as root: apt-get install --no-install-recommends ovmf")


class QemuMachine(KilledAtTheEnd):
    """One QEMU process. Its monitor is one end of a socket pair, which has no name that could be left behind.

    `agent` is our end of the guest agent's port while the machine runs; nobody may be listening inside.
    """

    features = FEATURES

    def __init__(self, spec: MachineSpec) -> None:
        self.spec = spec
        self._stack = ExitStack()
        self._process: Running | None = None
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

    def start(self) -> None:
        """Raises HostError without QEMU, or without a UEFI firmware where the machine needs one."""
        require(PROGRAM)
        self.spec.folder.mkdir(parents=True, exist_ok=True)
        ovmf = self._own_ovmf() if self.spec.options.firmware is Firmware.UEFI else None
        ours, theirs = socket.socketpair()
        self.agent, port = socket.socketpair()
        self._stack.enter_context(self.agent)
        with theirs, port:
            command = argv(self.spec, monitor=theirs.fileno(), agent=port.fileno(), ovmf=ovmf)
            log = self._stack.enter_context(self.log.open("wb"))
            descriptors = (theirs.fileno(), port.fileno())
            self._process = self._stack.enter_context(running(command, log=log, pass_fds=descriptors))
        try:
            self._qmp = Qmp(ours, self.spec.name)
            self._stack.callback(self._qmp.close)
            self._threads = tuple(each["thread-id"] for each in self._qmp.execute("query-cpus-fast"))
        except ProcessError as error:
            ours.close()
            self._ended = self._end_of_process() or Ended(by_guest=False, why=error.message)

    def ended(self) -> Ended | None:
        """None while QEMU runs and its guest can go on."""
        if self._ended is None and self._process is not None:
            gone = self._process.poll() is not None
            if gone and self._qmp is not None:
                self._qmp.wait_gone(2.0)
            self._read_events()
            if gone and self._ended is None:
                self._ended = self._end_of_process()
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

    def kill(self) -> None:
        """End QEMU at once."""
        self._stack.close()
        self._qmp = self.agent = None
        if self._ended is None and self._process is not None:
            self._ended = Ended(by_guest=False, why="it was killed")

    def _own_ovmf(self) -> Ovmf:
        for ovmf in OVMF:
            if ovmf.code.exists() and ovmf.variables.exists():
                own = self.spec.folder / f"{self.spec.name}.vars.fd"
                shutil.copyfile(ovmf.variables, own)
                return Ovmf(ovmf.code, own)
        raise _no_ovmf()

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
        said = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()][-LOG_LINES:]
        return Ended(by_guest=False, why=_how(code) + "".join(f": {printable(line[:300])}" for line in said))


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
