"""The named points of a boot, and how they are recognized in what a guest prints on its serial console.

A guest can print anything: a milestone says where a boot seems to be, never that an image is good. A login prompt also
appears where cloud-init is disabled and nobody can log in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from goldsmith.machine.console import plain

LINE_LIMIT = 4096


class Milestone(StrEnum):
    """A closed list, in the order of a boot. A cloud-init milestone is the *begin* of that stage; `ready` is the end of
    the last configured one, or the login prompt where none is configured; `off` comes from the hypervisor.
    """

    FIRMWARE = "firmware"
    BOOTLOADER = "bootloader"
    KERNEL = "kernel"
    INIT = "init"
    CLOUD_INIT_LOCAL = "cloud-init-local"
    CLOUD_INIT_NETWORK = "cloud-init-network"
    CLOUD_INIT_CONFIG = "cloud-init-config"
    CLOUD_INIT_FINAL = "cloud-init-final"
    LOGIN = "login"
    READY = "ready"
    OFF = "off"


ORDER = {milestone: position for position, milestone in enumerate(Milestone)}
CLOUD_INIT_STAGES = (
    Milestone.CLOUD_INIT_LOCAL,
    Milestone.CLOUD_INIT_NETWORK,
    Milestone.CLOUD_INIT_CONFIG,
    Milestone.CLOUD_INIT_FINAL,
)

_FIRMWARE = re.compile(r"SeaBIOS \(version|^BdsDxe: |^UEFI (?:firmware|Interactive Shell)")
_BOOTLOADER = re.compile(
    r"GRUB loading|Welcome to GRUB!|GNU GRUB +version|^ *Booting [`'\"]|^Loading Linux "
    r"|^(?:SYS|ISO|EXT)LINUX \d|systemd-boot"
)
_KERNEL = re.compile(r"^\[ {0,4}\d{1,6}\.\d{6}\] |^EFI stub: |^Decompressing Linux")
_KERNEL_BANNER = re.compile(r"^\[ {4}0\.000000\] Linux version \d")
# systemd greets twice where the initramfs runs it too: "Welcome to Rocky Linux 9.4 dracut-057 (Initramfs)!"
_INIT = re.compile(r"^(?:\[ {0,4}\d{1,6}\.\d{6}\] )?Welcome to (?![^!]{0,200}(?:GRUB|[Ii]nitramfs|dracut))[^!]{1,200}!")
_LOGIN = re.compile(r"^(?!Last )\S{1,64} login: ")

# What cloud-init itself prints at the begin of each stage (22.4 and 25.1 alike) and in its module final_message.
_RUNNING = re.compile(r"Cloud-init v\. \S{1,60} running '(init-local|init|modules:config|modules:final)'")
_FINISHED = re.compile(r"Cloud-init v\. \S{1,60} finished at ")
# What systemd says of its units, cut in the middle to the console's width: by name where it shows names (Debian), by
# description where not (EL). The network stage's unit is cloud-init.service, from 24.3 cloud-init-network.service; the
# descriptions changed in 24.1. Units that end after multi-user.target are not shown, so cloud-final.service seldom is.
_UNIT = re.compile(
    r"(Starting|Started|Finished|Failed to start|Dependency failed for) "
    r"(?:(cloud-init-local|cloud-init|cloud-init-network|cloud-config|cloud-final)\.(?:service|s?e?r?v?i?c?(?:…|\.{3}))"
    r"|(Initial cloud-init job \(pre-networking\)|Initial cloud-init job \(metadata service crawler\)"
    r"|Apply the settings specified in cloud-config|Execute cloud user/final scripts"
    r"|Cloud-init: (?:Local|Network|Config|Final) Stage))"
)
_TARGET = re.compile(r"Reached target (?:cloud-init\.target|Cloud-init target)")
_STAGES = {
    "init-local": Milestone.CLOUD_INIT_LOCAL,
    "init": Milestone.CLOUD_INIT_NETWORK,
    "modules:config": Milestone.CLOUD_INIT_CONFIG,
    "modules:final": Milestone.CLOUD_INIT_FINAL,
    "cloud-init-local": Milestone.CLOUD_INIT_LOCAL,
    "cloud-init": Milestone.CLOUD_INIT_NETWORK,
    "cloud-init-network": Milestone.CLOUD_INIT_NETWORK,
    "cloud-config": Milestone.CLOUD_INIT_CONFIG,
    "cloud-final": Milestone.CLOUD_INIT_FINAL,
    "Initial cloud-init job (pre-networking)": Milestone.CLOUD_INIT_LOCAL,
    "Initial cloud-init job (metadata service crawler)": Milestone.CLOUD_INIT_NETWORK,
    "Apply the settings specified in cloud-config": Milestone.CLOUD_INIT_CONFIG,
    "Execute cloud user/final scripts": Milestone.CLOUD_INIT_FINAL,
    "Cloud-init: Local Stage": Milestone.CLOUD_INIT_LOCAL,
    "Cloud-init: Network Stage": Milestone.CLOUD_INIT_NETWORK,
    "Cloud-init: Config Stage": Milestone.CLOUD_INIT_CONFIG,
    "Cloud-init: Final Stage": Milestone.CLOUD_INIT_FINAL,
}
_PATTERNS = (
    (_FIRMWARE, Milestone.FIRMWARE),
    (_BOOTLOADER, Milestone.BOOTLOADER),
    (_KERNEL, Milestone.KERNEL),
    (_INIT, Milestone.INIT),
    (_LOGIN, Milestone.LOGIN),
)
# Where a boot ends without reaching anything: it waits there for a person, or spins.
_DEAD_END = re.compile(
    r"Kernel panic - not syncing|^No bootable device|^BdsDxe: No bootable option|^(?:grub|grub rescue|Shell)> *"
    r"|^\(initramfs\) *|^You are in (?:emergency|rescue) mode"
    r"|^Cannot open access to console, the root account is locked|^Generating \"/run/initramfs/rdsosreport\.txt\""
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A milestone read from the console; `boot` counts from 1, because a guest may restart itself."""

    milestone: Milestone
    boot: int = 1


class Scanner:
    """Reads a console that grows. `stages` are the cloud-init stages configured in this guest.

    Each milestone is told once for each boot; `dead_end` is the line with which the boot gave up, if it did. Memory is
    bounded whatever the guest prints: of a line only the first 4 KiB count.
    """

    def __init__(self, stages: Sequence[Milestone] = CLOUD_INIT_STAGES) -> None:
        self.boot = 1
        self.dead_end: str | None = None
        self.passed: set[Milestone] = set()
        self._last_stage = max(stages, key=ORDER.__getitem__, default=None)
        self._pending = bytearray()
        self._line = 0
        self._kernel_line = 0

    def feed(self, data: bytes) -> list[Seen]:
        """What newly appended bytes show. A line without its end is read as it stands, so that a prompt counts."""
        seen: list[Seen] = []
        *complete, rest = data.replace(b"\r", b"\n").split(b"\n")
        for piece in complete:
            seen += self._read_with(piece)
            self._pending.clear()
            self._line += 1
        return seen + self._read_with(rest)

    def _read_with(self, piece: bytes) -> list[Seen]:
        room = LINE_LIMIT - len(self._pending)
        if not piece or room <= 0:
            return []
        self._pending += piece[:room]
        return self._read(plain(bytes(self._pending)))

    def _read(self, line: str) -> list[Seen]:
        if self._starts_again(line):
            self.boot += 1
            self.passed.clear()
            self.dead_end = None
        found = [each for each in dict.fromkeys(self._milestones(line)) if each not in self.passed]
        if found:
            self.passed.update(found)
            self.dead_end = None
        if Milestone.KERNEL in found:
            self._kernel_line = self._line
        if _DEAD_END.search(line):
            self.dead_end = line.strip()
        return [Seen(each, self.boot) for each in found]

    def _starts_again(self, line: str) -> bool:
        """A firmware after a kernel is a reset; a second kernel banner after init is a kexec."""
        if Milestone.KERNEL not in self.passed or self._line == self._kernel_line:
            return False
        if _FIRMWARE.search(line):
            return True
        return Milestone.INIT in self.passed and _KERNEL_BANNER.search(line) is not None

    def _milestones(self, line: str) -> Iterator[Milestone]:
        for pattern, milestone in _PATTERNS:
            if pattern.search(line):
                yield milestone
        ended: Milestone | None = None
        if running := _RUNNING.search(line):
            yield from self._begun(_STAGES[running[1]])
        if unit := _UNIT.search(line):
            stage = _STAGES[unit[2] or unit[3]]
            if unit[1] == "Starting":
                yield from self._begun(stage)
            else:
                ended = stage
        if _FINISHED.search(line) or _TARGET.search(line):
            ended = Milestone.CLOUD_INIT_FINAL
        if self._last_stage is None:
            if _LOGIN.search(line):
                yield Milestone.READY
        elif ended is not None and ORDER[ended] >= ORDER[self._last_stage]:
            yield Milestone.READY

    def _begun(self, stage: Milestone) -> Iterator[Milestone]:
        yield stage
        if self._last_stage is not None and ORDER[stage] > ORDER[self._last_stage]:
            yield Milestone.READY
