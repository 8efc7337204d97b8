"""Rehearsals: systemd-nspawn boots the image's own userland on an overlay, in seconds. Root only.

User, PID, mount and network namespaces over an id-mapped mount, so that the guest's root is nobody on the host. It
proves nothing about boot loader, kernel, initramfs and udev. A first boot that takes 40 to 70 s under emulation takes
2 to 3 s, with the same users, ids and keys.
"""

from __future__ import annotations

import os
import queue
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

from goldsmith.errors import GoldsmithError, HostError, ProcessError
from goldsmith.findings import printable
from goldsmith.guest.engines import mount
from goldsmith.guest.engines.opening import describe
from goldsmith.guest.worker import wire
from goldsmith.machine.driver import Activity, DriverStatus, Ended, Features, MachineSpec
from goldsmith.machine.drivers.container_cgroup import cpu_time, remove, sweep
from goldsmith.machine.drivers.container_inside import ContainerInside
from goldsmith.machine.drivers.container_programs import payload
from goldsmith.machine.drivers.container_seed import read_seed
from goldsmith.machine.session import KilledAtTheEnd
from goldsmith.machine.ssh_config import HandedOver
from goldsmith.run import Running, running

NAME = "container"
# The root has no device that could be remounted, and there is no serial port.
NEVER_START = ("systemd-remount-fs", "Remount Root and Kernel", "serial-getty@", "Serial Getty on")
FEATURES = Features(hardware=False, activity=True, firmwares=(), never_start=NEVER_START)
MAIN = str(Path(__file__).with_name("container_main.py"))
DOOR = str(Path(__file__).with_name("container_door.py"))
# The rehearsal's own process has a PID namespace, in which the container has another one.
BELOW = 2
WHY = "systemd-nspawn boots the image's userland"


def status() -> DriverStatus:
    """Whether rehearsals work here: they need what the engine `mount` needs."""
    found = mount.status()
    if not found.usable:
        return DriverStatus(usable=False, why=found.why, hint=found.hint)
    return DriverStatus(usable=True, why=WHY)


class ContainerMachine(KilledAtTheEnd):
    """One rehearsal. Its process keeps the guest's mounts, and ends only when the overlay is consistent."""

    features = FEATURES

    def __init__(self, spec: MachineSpec) -> None:
        self.spec = spec
        self._stack = ExitStack()
        self._process: Running | None = None
        self._channel: socket.socket | None = None
        self._cgroup: tuple[Path, ...] = ()
        self._resets = 0
        self._ended: Ended | None = None
        self._sending = threading.Lock()
        self._answers: queue.SimpleQueue[wire.Message | None] = queue.SimpleQueue()

    @property
    def log(self) -> Path:
        """What the rehearsal's own process says."""
        return self.spec.folder / f"{self.spec.name}.container.log"

    def start(self) -> None:
        """Raises HostError where rehearsals do not work, InputError where the disk or the seed is none."""
        found = status()
        if not found.usable:
            raise HostError(f"rehearsals do not work here: {found.why}", hint=found.hint)
        sweep()
        self.spec.folder.mkdir(parents=True, exist_ok=True)
        seed = read_seed(self.spec.seed) if self.spec.seed is not None else {}
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-", dir=self.spec.folder))
        request = {
            **describe(self.spec.disk, read_only=False, grow=False),
            "name": f"{os.getpid()}-{self.spec.uuid}",
            "machine": f"rehearsal-{self.spec.uuid.hex[:12]}",
            "uuid": str(self.spec.uuid),
            "folder": folder,
            "console": str(self.spec.console.absolute()),
            "seed": [[name, wire.pack_bytes(content)] for name, content in seed.items()],
        }
        self._channel, theirs = socket.socketpair()
        self._stack.enter_context(self._channel)
        with theirs:
            argv = [*mount.NAMESPACES, sys.executable, "-I", MAIN, str(theirs.fileno())]
            log = self._stack.enter_context(self.log.open("wb"))
            self._process = self._stack.enter_context(running(argv, log=log, pass_fds=(theirs.fileno(),)))
        wire.send(self._channel, request)

    def ended(self) -> Ended | None:
        """None while it runs."""
        self._read()
        if self._ended is None and self._process is not None and (code := self._process.poll()) is not None:
            why = "the guest powered off" if code == 0 else self._last_words(code)
            self._ended = Ended(by_guest=code == 0, why=why)
        return self._ended

    def activity(self) -> Activity:
        """Processor time of all its processes, and how much the overlay has grown on this host."""
        self._read()
        try:
            blocks = self.spec.disk.path.stat().st_blocks
        except FileNotFoundError:
            blocks = 0
        return Activity((cpu_time(self._cgroup),), blocks)

    def resets(self) -> int:
        """How often the guest restarted itself."""
        self._read()
        return self._resets

    def press_power_button(self) -> None:
        """Asks PID 1 to power off."""
        if self._channel is not None and self.ended() is None:
            try:
                self._say({"do": "power"})
            except OSError:
                return

    def screenshot(self) -> Path | None:
        """A rehearsal has no screen."""
        return None

    def inside(self, within: float) -> AbstractContextManager[ContainerInside]:
        """By a process that enters the container's namespaces; it is there at once."""
        return nullcontext(ContainerInside(self._say, self._answers))

    @contextmanager
    def way_to_sshd(self) -> Iterator[HandedOver]:
        """By a process that enters the container's network namespace, which is held open: no other one can become it.

        Raises ProcessError where nothing runs in the container.
        """
        pid = payload(self._process.pid, below=BELOW) if self._process is not None else None
        try:
            namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC) if pid is not None else None
        except OSError:
            namespace = None
        if namespace is None:
            raise ProcessError("nothing runs in the container")
        try:
            yield HandedOver((sys.executable, "-I", DOOR, f"/proc/{os.getpid()}/fd/{namespace}"))
        finally:
            os.close(namespace)

    def kill(self) -> None:
        """End everything at once."""
        self._read()
        self._stack.close()
        self._channel = None
        self._answers.put(None)
        remove(self._cgroup)
        if self._ended is None and self._process is not None:
            self._ended = Ended(by_guest=False, why="it was killed")

    def _say(self, message: wire.Message) -> None:
        """From whichever thread. Raises OSError where the rehearsal's process is gone."""
        channel = self._channel
        if channel is None:
            raise BrokenPipeError
        with self._sending:
            wire.send(channel, message)

    def _read(self) -> None:
        """What the rehearsal's process has said meanwhile, without waiting."""
        while self._channel is not None:
            try:
                if not self._channel.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                    return
                message = wire.receive(self._channel)
            except (OSError, GoldsmithError):
                return
            if message is None:
                return
            if "number" in message:
                self._answers.put(message)
                continue
            self._resets = int(message.get("resets", self._resets))
            self._cgroup = tuple(Path(each) for each in message.get("cgroup", ())) or self._cgroup

    def _last_words(self, code: int) -> str:
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return printable(lines[-1][:300]) if lines else f"the rehearsal ended with exit code {code}"
