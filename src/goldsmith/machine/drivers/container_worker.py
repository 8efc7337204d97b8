"""The process that holds a rehearsal: the guest's mounts, its control group, and systemd-nspawn.

It is PID 1 of a private PID namespace: when it dies, so does the container, and with the last process go the mounts,
the loop devices and the export. Its exit code says how the rehearsal ended; the last line of its log says why.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from uuid import UUID

from goldsmith.errors import GoldsmithError
from goldsmith.guest.change import ABSENT, MakeDirectory, Plan, Remove, Seen
from goldsmith.guest.worker import syscalls, wire
from goldsmith.guest.worker.backend import DiskFile, Opening
from goldsmith.guest.worker.idmap import map_owners
from goldsmith.guest.worker.mounted import Mounted
from goldsmith.machine.drivers.container_argv import SEED_FOLDER, SEEDS, Rehearsal, nspawn_argv
from goldsmith.machine.drivers.container_cgroup import cpu_time, make_own
from goldsmith.machine.drivers.container_programs import descendants, run_inside
from goldsmith.run import Running, running

BOOT_CONFIGS = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg")
# systemd-nspawn(1): the payload asked to be started again.
REBOOT = 133
# A container that neither prints nor computes for so long hangs in its start; it is started once more.
SILENT_SECONDS = 5.0
TRIES = 2
MOST_BOOTS = 4


class Exit(IntEnum):
    """How a rehearsal ended."""

    OFF = 0
    FAILED = 1
    HOST = 3
    LOOPS = 4


class ContainerGuest(Mounted):
    """A mounted guest that is booted."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        private = Path(opening.folder) / "private"
        self._shown, self._seed = private / "booted", private / "seed"
        self._shown.mkdir()
        self._made: list[str] = []
        # sudo has to work there as in a machine.
        self.base = map_owners(self._root, str(self._shown), str(private), set_id=True)

    def prepare(self, name: str, uuid: UUID, seed: Mapping[str, bytes]) -> Rehearsal:
        """What to boot, with the seed as a folder that the container's root may read."""
        if seed:
            self._seed.mkdir(0o700)
            for file, content in seed.items():
                (self._seed / file).write_bytes(content)
                os.chown(self._seed / file, self.base, self.base)
            os.chown(self._seed, self.base, self.base)
            self._make_mount_point()
        folder = str(self._seed) if seed else None
        return Rehearsal(name, str(self._shown), self.base, uuid, folder, self._kernel_words())

    def forget_seed(self) -> None:
        """Remove the mount points that were made for the seed, where nothing lies in them."""
        for path in reversed(self._made):
            index = self.index((path,), digests=False)
            entry = index.get(path)
            if entry is not None and path.startswith(SEEDS) and not index.children(path):
                self.apply(Plan((Remove(path=path, seen=Seen.of(entry), operation="rehearsal", reason=""),)))

    def _make_mount_point(self) -> None:
        # systemd-nspawn cannot make it: the host's root has no owner in the mapped view.
        folder = ""
        for part in SEED_FOLDER.split("/")[1:]:
            folder = f"{folder}/{part}"
            if folder not in self.index((folder,), digests=False):
                self.apply(Plan((MakeDirectory(path=folder, seen=ABSENT, operation="rehearsal", reason=""),)))
                self._made.append(folder)

    def hide(self) -> None:
        """The view that the container had is not needed any more."""
        syscalls.unmount(str(self._shown), detach=True)

    def _kernel_words(self) -> tuple[str, ...]:
        for path in BOOT_CONFIGS:
            try:
                text = self.read(path, 1 << 20).decode("utf-8", "replace")
            except (OSError, GoldsmithError):
                continue
            for line in text.splitlines():
                words = line.split()
                if words[:1] and words[0] in {"linux", "linux16", "linuxefi"}:
                    return tuple(words[2:])
        return ()


def rehearse(channel: socket.socket) -> int:
    """One rehearsal, as the message says that the channel brings."""
    request = wire.receive(channel)
    if request is None:
        return Exit.FAILED
    talk = _Talk(channel)
    threading.Thread(target=talk.listen, daemon=True).start()
    try:
        cgroup = make_own(request["name"])
        talk.say({"cgroup": [str(folder) for folder in cgroup]})
        opening = Opening(
            chain=tuple(DiskFile(path, kind) for path, kind in request["chain"]),
            virtual_size=request["virtual_size"],
            folder=request["folder"],
            read_only=False,
            grow=False,
            accelerated=False,
            cache="",
        )
        guest = ContainerGuest(opening)
        seed = {name: wire.unpack_bytes(content) for name, content in request["seed"]}
        rehearsal = guest.prepare(request["machine"], UUID(request["uuid"]), seed)
        talk.base = guest.base
        code = _boot(rehearsal, Path(request["console"]), talk, cgroup)
        guest.hide()
        if seed:
            guest.forget_seed()
        guest.close()
    except (GoldsmithError, OSError) as error:
        _say(error.message if isinstance(error, GoldsmithError) else str(error))
        return Exit.FAILED
    return code


class _Talk:
    """The channel to goldsmith. `power` is set once it wants the power button pressed; `base` is the host's uid of the
    container's root.
    """

    def __init__(self, channel: socket.socket) -> None:
        self.power = threading.Event()
        self.base = 0
        self._channel = channel
        self._sending = threading.Lock()

    def say(self, message: wire.Message) -> None:
        """From whichever thread."""
        with self._sending:
            wire.send(self._channel, message)

    def listen(self) -> None:
        """Messages ask for the power button or for a program inside; their end means that goldsmith is gone."""
        while True:
            try:
                message = wire.receive(self._channel)
            except (OSError, GoldsmithError):
                message = None
            match message:
                case None:
                    os._exit(Exit.FAILED)
                case {"do": "run"}:
                    threading.Thread(target=self._run, args=(message,), daemon=True).start()
                case _:
                    self.power.set()

    def _run(self, request: wire.Message) -> None:
        self.say({**run_inside(self.base, request), "number": request["number"]})


def _boot(rehearsal: Rehearsal, console: Path, talk: _Talk, cgroup: tuple[Path, ...]) -> int:
    boots, tries = 0, 0
    while True:
        with console.open("ab") as log, running(nspawn_argv(rehearsal), log=log, stdin=None) as process:
            code = _watch(process, console, talk.power, cgroup)
        tries += 1
        if code is None and tries < TRIES:
            _say("the container printed nothing; it is started again")
            continue
        if code == REBOOT:
            boots += 1
            talk.say({"resets": boots})
            if boots < MOST_BOOTS:
                continue
            _say("the guest restarts itself again and again")
            return Exit.LOOPS
        if code == 0:
            return Exit.OFF
        silent = "the container never printed anything"
        _say(f"systemd-nspawn ended with exit code {code}" if code is not None else silent)
        return Exit.FAILED


def _watch(process: Running, console: Path, power: threading.Event, cgroup: tuple[Path, ...]) -> int | None:
    """The exit code of systemd-nspawn, None where it hangs in its start."""
    begun, pressed = console.stat().st_size, False
    moved, used = time.monotonic(), 0.0
    while (code := process.wait(0.1)) is None:
        if power.is_set() and not pressed:
            # A second SIGTERM would end it at once.
            pressed = _terminate(os.getpid())
        now, seconds = time.monotonic(), cpu_time(cgroup).ran
        if seconds > used + 0.01 or console.stat().st_size > begun:
            moved, used = now, seconds
        if console.stat().st_size == begun and now - moved > SILENT_SECONDS:
            return None
    return code


def _terminate(top: int) -> bool:
    """SIGTERM for systemd-nspawn itself, which stands below the process that watches over it."""
    for pid in descendants(top):
        try:
            name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
            if name == "systemd-nspawn":
                os.kill(pid, signal.SIGTERM)
                return True
        except (FileNotFoundError, ProcessLookupError):
            continue
    return False


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
