"""Machines run by libvirtd, of this host: the same machines as QEMU's, where people run theirs.

A worker process holds the connection. Domains are transient and libvirtd destroys them when that connection ends,
whatever ended it; a libvirtd that itself ends or hangs is noticed, and its QEMU is killed from here.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path

from goldsmith.errors import GoldsmithError, HostError, ProcessError
from goldsmith.findings import printable
from goldsmith.guest.worker import wire
from goldsmith.machine.agent import GuestAgent
from goldsmith.machine.architecture import host_architecture
from goldsmith.machine.driver import Activity, CpuTime, Ended, Features, MachineSpec
from goldsmith.machine.drivers import libvirt_daemon
from goldsmith.machine.drivers.libvirt_daemon import INSTALL, MAIN, PYTHON, START, status, uri
from goldsmith.machine.drivers.libvirt_owner import Owner
from goldsmith.machine.drivers.libvirt_serial import SerialLog
from goldsmith.machine.drivers.libvirt_worker import NO_BINDING
from goldsmith.machine.drivers.libvirt_xml import Host, domain_xml
from goldsmith.machine.drivers.qemu import own_uefi
from goldsmith.machine.drivers.qemu_models import require_machine
from goldsmith.machine.options import Firmware
from goldsmith.machine.session import KilledAtTheEnd
from goldsmith.run import Running, running

__all__ = ["NAME", "LibvirtMachine", "status"]

NAME = "libvirt"
FEATURES = Features(hardware=True, activity=True, firmwares=(Firmware.BIOS, Firmware.UEFI))
# Seconds. Under emulation on a loaded host a domain starts in 3 s, and libvirtd answers within 1 s.
OPEN_SECONDS = 60.0
START_SECONDS = 120.0
DESTROY_SECONDS = 20.0
PICTURE_SECONDS = 10.0
SILENCE_SECONDS = 45.0
GONE_SECONDS = 10.0
LOG_BYTES = 64 << 10
WHY_ENDED = {
    "shutdown": "the guest powered off",
    "destroyed": "somebody destroyed the domain",
    "crashed": "the guest crashed",
    "failed": "QEMU ended by itself",
    "ended by a signal": "somebody ended QEMU by a signal",
}


class LibvirtMachine(KilledAtTheEnd):
    """One transient domain, and the worker whose connection it lives by."""

    features = FEATURES

    def __init__(self, spec: MachineSpec) -> None:
        foreign = spec.options.arch != host_architecture()
        self.spec = replace(spec, accelerated=False) if foreign else spec
        self.name = f"goldsmith-{spec.name}-{spec.uuid.hex[:8]}"
        self._stack = ExitStack()
        self._process: Running | None = None
        self._channel: socket.socket | None = None
        self.agent: socket.socket | None = None
        self._qemu: int | None = None
        self._uri = ""
        self._serial = SerialLog(spec.folder / f"{spec.name}.serial.log", spec.console)
        self._unreachable = False
        self._heard = 0.0
        self._activity = Activity((), 0)
        self._resets = 0
        self._started = False
        self._ended: Ended | None = None

    @property
    def log(self) -> Path:
        """What the worker says."""
        return self.spec.folder / f"{self.spec.name}.libvirt.log"

    def start(self) -> None:
        """Raises HostError without libvirtd, its binding or a firmware, InputError for what libvirt cannot do."""
        self._uri = uri()
        spec = self.spec
        architecture = require_machine(spec.options, accelerated=spec.accelerated)
        spec.folder.mkdir(parents=True, exist_ok=True)
        self._start_worker()
        opened = self._open()
        host = Host(str(Owner.this_process()), tuple(opened["security"]), os.geteuid(), os.getegid())
        uefi = own_uefi(spec, architecture)
        xml = domain_xml(spec, name=self.name, serial=self._serial.written, host=host, uefi=uefi)
        self._serial.create()
        self._started = True
        started = self._ask({"do": "start", "uuid": str(spec.uuid), "xml": xml}, START_SECONDS)
        self._qemu = _qemu_of(str(spec.uuid))
        if started is None:
            self._lost("libvirtd does not answer")
        elif "error" in started and self._ended is None:
            why = f"libvirt could not start it: {printable(started['error'].rstrip())}"
            self._ended = Ended(by_guest=False, why=why)

    def ended(self) -> Ended | None:
        """None while it runs."""
        self._read()
        self._serial.follow()
        if self._ended is None and self._started and time.monotonic() - self._heard > SILENCE_SECONDS:
            self._lost(f"libvirtd has not answered for {SILENCE_SECONDS:.0f} s")
        return self._ended

    def activity(self) -> Activity:
        """As of the last second."""
        self._read()
        return self._activity

    def resets(self) -> int:
        """How often the guest restarted the machine."""
        self._read()
        return self._resets

    def press_power_button(self) -> None:
        """Does nothing on a machine that has ended."""
        if self._channel is not None and self.ended() is None:
            self._send({"do": "power"})

    def screenshot(self) -> Path | None:
        """A PNG of what the screen shows now, beside the console's log."""
        if self._channel is None or self.ended() is not None:
            return None
        picture = self.spec.folder.absolute() / f"{self.spec.name}.screenshot.png"
        answer = self._ask({"do": "screenshot", "path": str(picture)}, PICTURE_SECONDS)
        return picture if answer is not None and answer.get("taken") else None

    def inside(self, within: float) -> AbstractContextManager[GuestAgent]:
        """By the guest agent, through libvirtd. Raises ProcessError where nobody answers `within` seconds."""
        if self.agent is None:
            raise ProcessError("the machine has ended")
        return closing(GuestAgent(self.agent, self.spec.name, within=within))

    def kill(self) -> None:
        """End the domain at once, by libvirtd or, where that does not answer, by its process."""
        destroyed = False
        if self._channel is not None and self._started:
            self._read()
            destroyed = not self._unreachable and self._ask({"do": "destroy"}, DESTROY_SECONDS) is not None
        self._channel = self.agent = None
        self._stack.close()
        if self._qemu is not None:
            _end(self._qemu, patience=GONE_SECONDS if destroyed else 0.0)
            self._qemu = None
        if self._started:
            self._serial.follow()
            self._keep_what_qemu_said()
        self._serial.remove()
        if self._ended is None and self._started:
            self._ended = Ended(by_guest=False, why="it was killed")

    def _start_worker(self) -> None:
        self._channel, theirs = socket.socketpair()
        self.agent, port = socket.socketpair()
        for end in (self._channel, self.agent):
            self._stack.enter_context(end)
        with theirs, port:
            log = self._stack.enter_context(self.log.open("wb"))
            descriptors = (theirs.fileno(), port.fileno())
            argv = [PYTHON, "-I", MAIN, *map(str, descriptors)]
            self._process = self._stack.enter_context(
                running(argv, log=log, env=libvirt_daemon.environment(), pass_fds=descriptors)
            )

    def _open(self) -> wire.Message:
        request = {"do": "open", "uri": self._uri}
        opened = self._ask(request, OPEN_SECONDS)
        if opened is not None and opened.get("kind") == NO_BINDING:
            raise HostError("python3-libvirt is not installed", hint=INSTALL)
        if opened is not None and "error" in opened and self._session:
            libvirt_daemon.wake_session(self._uri)
            opened = self._ask(request, OPEN_SECONDS)
        if opened is None:
            restart = "end your own libvirtd" if self._session else "as root: systemctl restart libvirtd"
            raise HostError(f"libvirtd ({self._uri}) does not answer", hint=restart)
        if "error" in opened:
            said = printable(opened["error"].rstrip())
            raise HostError(f"no libvirtd answers: {said}", hint=INSTALL if self._session else START)
        return opened

    @property
    def _session(self) -> bool:
        return libvirt_daemon.is_session(self._uri)

    def _keep_what_qemu_said(self) -> None:
        """Libvirtd keeps logs of each domain for ever; ours go beside the worker's."""
        for said in libvirt_daemon.logs(self._uri, self.name):
            with suppress(OSError):
                with said.open("rb") as theirs, self.log.open("ab") as ours:
                    ours.write(theirs.read(LOG_BYTES))
                said.unlink()

    def _send(self, request: wire.Message) -> bool:
        assert self._channel is not None
        try:
            self._channel.settimeout(GONE_SECONDS)
            wire.send(self._channel, request)
        except OSError:
            return False
        return True

    def _ask(self, request: wire.Message, timeout: float) -> wire.Message | None:
        """The answer; None where the worker is gone or none comes within `timeout` seconds."""
        assert self._channel is not None
        deadline = time.monotonic() + timeout
        if not self._send(request):
            return None
        while (left := deadline - time.monotonic()) > 0:
            try:
                self._channel.settimeout(left)
                message = wire.receive(self._channel)
            except (OSError, GoldsmithError):
                return None
            if message is None:
                return None
            self._hear(message)
            if message.get("answer") == request["do"]:
                return message
        return None

    def _read(self) -> None:
        """What the worker has said meanwhile, without waiting."""
        while self._channel is not None:
            try:
                if not select.select([self._channel], [], [], 0)[0]:
                    return
                self._channel.settimeout(GONE_SECONDS)
                message = wire.receive(self._channel)
            except (OSError, GoldsmithError):
                message = None
            if message is None:
                self._lost("its worker ended")
                return
            self._hear(message)

    def _hear(self, message: wire.Message) -> None:
        self._heard = time.monotonic()
        match message.get("event"):
            case "used":
                self._activity = Activity(tuple(CpuTime(*each) for each in message["cpus"]), message["blocks"])
            case "reset":
                self._resets += 1
            case "lost":
                self._lost("the connection to libvirtd ended")
            case "stopped" if self._ended is None:
                why = f"its disk could not be written: {printable(message['why'])}"
                self._ended = Ended(by_guest=False, why=why)
            case "ended" if self._ended is None:
                why = WHY_ENDED.get(message["why"], f"the domain ended: {message['why']}")
                self._ended = Ended(by_guest=message["why"] == "shutdown", why=why)

    def _lost(self, why: str) -> None:
        self._unreachable = True
        if self._ended is None and self._started:
            self._ended = Ended(by_guest=False, why=why)


def _qemu_of(uuid: str) -> int | None:
    """A descriptor of the QEMU process that has this UUID on its command line."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if uuid.encode() in words and b"qemu" in words[0]:
                    return os.pidfd_open(int(folder.name))
            except OSError:
                continue
    return None


def _end(pidfd: int, *, patience: float) -> None:
    """Wait until the process is gone, and kill it where it has not gone by itself after `patience` seconds."""
    try:
        for wait in (patience, GONE_SECONDS):
            if select.select([pidfd], [], [], wait)[0]:
                return
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    except (PermissionError, ProcessLookupError):
        return
    finally:
        os.close(pidfd)
