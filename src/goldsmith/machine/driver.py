"""What a machine is: the contract of every driver, and the specification that it starts from."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID, uuid4

from goldsmith.disk.disk import Disk
from goldsmith.machine.inside import Inside
from goldsmith.machine.milestones import CLOUD_INIT_STAGES, Milestone
from goldsmith.machine.options import Firmware, MachineOptions
from goldsmith.machine.ssh_config import Way

DEFAULT_OPTIONS = MachineOptions()


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """One machine: one disk (normally a throw-away overlay), perhaps a seed, a console log.

    `folder` is a folder of this machine's own for what the driver has to keep beside the disk.
    `uuid` is the SMBIOS UUID: systemd may take the machine-id from it, so no two clones share one. `stages` are the
    cloud-init stages that are configured in the guest; the end of the last one is `ready`. `says_finished`: that stage
    has the module final_message, which announces its end; without it the guest is ready once it rests after that
    stage's begin and the login prompt. `accelerated`: KVM works here; a machine of another architecture is emulated all
    the same. `os_id` is libosinfo's name of the guest's operating system, where it has one. `sshd`: this host has to
    reach the guest's port 22, for which a machine without a network gets a card.
    """

    name: str
    disk: Disk
    folder: Path
    seed: Path | None = None
    options: MachineOptions = DEFAULT_OPTIONS
    uuid: UUID = field(default_factory=uuid4)
    accelerated: bool = False
    stages: tuple[Milestone, ...] = CLOUD_INIT_STAGES
    says_finished: bool = True
    os_id: str | None = None
    sshd: bool = False

    @property
    def console(self) -> Path:
        """Where everything that the guest prints on its serial console is appended to."""
        return self.folder / f"{self.name}.console.log"

    @property
    def kept(self) -> Path:
        """With what the paths begin of all that this machine remembers without power: firmware's variables, a TPM's
        state. What has the same UUID and folder is the same machine, started again.
        """
        return self.folder / str(self.uuid)


@dataclass(frozen=True, slots=True)
class Features:
    """What a driver's machines have. `hardware` is false for a rehearsal: it proves nothing about boot loader, kernel,
    initramfs and udev. `activity` says whether CPU and block activity can be read from outside. `never_start` are the
    begins of units that fail in every machine of this kind, and so explain nothing.
    """

    hardware: bool
    activity: bool
    firmwares: tuple[Firmware, ...]
    never_start: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CpuTime:
    """Seconds for which one virtual CPU ran, and for which it waited until this host had a processor for it."""

    ran: float
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Activity:
    """Totals since the start, read from the hypervisor. Nothing that the guest prints counts."""

    cpus: tuple[CpuTime, ...]
    blocks: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A machine that runs no more. `by_guest`: the guest itself powered off; otherwise `why` says what ended it."""

    by_guest: bool
    why: str


class Machine(Protocol):
    """A machine of one driver. Entering the context starts it; leaving it ends it, whatever state it is in.

    Every end is idempotent. `start` raises HostError where a program is missing, InputError where no machine can be
    made of the options; what goes wrong with the machine itself is told by `ended()`.
    """

    features: Features
    spec: MachineSpec

    def start(self) -> None: ...

    def ended(self) -> Ended | None:
        """None while it runs."""

    def activity(self) -> Activity: ...

    def resets(self) -> int:
        """How often the guest restarted the machine."""

    def press_power_button(self) -> None:
        """ACPI: the guest is asked to power off. A guest that is still booting may ignore it."""

    def screenshot(self) -> Path | None:
        """A PNG of its screen, in its folder; None where it has none, has ended or does not answer."""

    def kill(self) -> None: ...

    def inside(self, within: float) -> AbstractContextManager[Inside]:
        """A way to start programs in it while it runs; used in a thread of its own.

        Raises ProcessError where there is none, or nothing inside answers `within` seconds.
        """

    def way_to_sshd(self) -> AbstractContextManager[Way]:
        """How ssh(1) of this host reaches its port 22 while it runs; used in a thread of its own.

        Raises ProcessError where this driver makes none, or the specification asked for none.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class DriverStatus:
    """Whether a driver works on this host, for `doctor`; `hint` is what to install."""

    usable: bool
    why: str
    hint: str | None = None
