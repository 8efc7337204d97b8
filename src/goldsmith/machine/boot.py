"""Boots machines, several at once, and records what their boots left."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from goldsmith.errors import HostError, InputError
from goldsmith.events import Emit, Note, ignore
from goldsmith.machine.driver import DriverStatus, Machine, MachineSpec
from goldsmith.machine.drivers import container, libvirt, qemu
from goldsmith.machine.milestones import Milestone
from goldsmith.machine.patience import Patience
from goldsmith.machine.room import Host, Kind, room_for
from goldsmith.machine.visit import Visit
from goldsmith.machine.watch import BootRecord, Passed, WatchedBoot

__all__ = ["BootRecord", "Passed", "boot", "drivers", "require_driver"]

LOOK_SECONDS = 0.2
DEFAULT_PATIENCE = Patience()
_DRIVERS: Mapping[str, Callable[[MachineSpec], Machine]] = {
    "qemu": qemu.QemuMachine,
    libvirt.NAME: libvirt.LibvirtMachine,
    container.NAME: container.ContainerMachine,
}


def drivers() -> Mapping[str, DriverStatus]:
    """Every driver, and whether it works on this host."""
    return {"qemu": qemu.status(), libvirt.NAME: libvirt.status(), container.NAME: container.status()}


def require_driver(name: str) -> None:
    """Raises HostError where the driver does not work on this host, InputError where there is none of that name."""
    status = drivers().get(name)
    if status is None:
        raise _no_driver(name)
    if not status.usable:
        raise HostError(f"the driver {name} does not work here: {status.why}", hint=status.hint)


def boot(
    specs: Sequence[MachineSpec],
    *,
    until: Milestone = Milestone.READY,
    patience: Patience = DEFAULT_PATIENCE,
    speed: float = 1.0,
    at_once: int | None = None,
    driver: str = "qemu",
    emit: Emit = ignore,
    visit: Visit | None = None,
) -> tuple[BootRecord, ...]:
    """Start every machine, wait until each passes `until`, and end it: by ACPI where that is `ready`, else hard.

    Records come in the order of `specs`. `speed` is this host's measured speed (`Acceleration.speed`): patience is
    divided by it. At most `at_once` machines run at a time (default: as many as this host carries, see `machine.room`;
    an event says why these are not all). What goes wrong in a machine is its record's `problem`, never an exception.
    `visit` is paid to each machine that is ready, before it is powered off. Raises HostError where the driver cannot
    work here; when the caller is stopped, every machine is ended first.
    """
    make = _DRIVERS.get(driver)
    if make is None:
        raise _no_driver(driver)
    if len({spec.name for spec in specs}) != len(specs):
        raise InputError("two machines have the same name")
    records: dict[str, BootRecord] = {}
    waiting = deque(specs)
    places = max(1, at_once if at_once is not None else _places(specs, driver, emit))
    with ExitStack() as machines:
        running: list[WatchedBoot] = []
        while waiting or running:
            while waiting and len(running) < places:
                machine = machines.enter_context(make(waiting.popleft()))
                patient = patience.scaled(speed)
                running.append(
                    WatchedBoot(machine, driver=driver, until=until, patience=patient, emit=emit, visit=visit)
                )
            for watched in tuple(running):
                record = watched.look()
                if record is not None:
                    records[record.name] = record
                    running.remove(watched)
            if running:
                time.sleep(LOOK_SECONDS)
    return tuple(records[spec.name] for spec in specs)


def _places(specs: Sequence[MachineSpec], driver: str, emit: Emit) -> int:
    if driver == container.NAME:
        kind = Kind.REHEARSED
    else:
        kind = Kind.ACCELERATED if any(spec.accelerated for spec in specs) else Kind.EMULATED
    room = room_for([spec.options for spec in specs], kind, Host.here())
    if room.at_once < len(specs) or room.tight:
        emit(Note(room.why, warning=room.tight))
    return room.at_once


def _no_driver(name: str) -> InputError:
    return InputError(f"no driver is called {name}", hint=f"drivers: {', '.join(sorted(_DRIVERS))}")
