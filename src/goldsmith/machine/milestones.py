"""The named points of a boot, and how they are recognized in what a guest prints on its serial console.

A guest can print anything: a milestone says where a boot seems to be, never that an image is good. A login prompt also
appears where cloud-init is disabled and nobody can log in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum


class Milestone(StrEnum):
    """A closed list, in the order of a boot. A cloud-init milestone is the *begin* of that stage; `host-keys` are the
    fingerprints that it prints, `finished` is its own last word; `ready` is the end of the last configured stage, or
    the login prompt where none is configured; `off` comes from the hypervisor.
    """

    FIRMWARE = "firmware"
    BOOTLOADER = "bootloader"
    KERNEL = "kernel"
    INITRAMFS = "initramfs"
    INIT = "init"
    CLOUD_INIT_LOCAL = "cloud-init-local"
    NETWORK = "network"
    CLOUD_INIT_NETWORK = "cloud-init-network"
    CLOUD_INIT_CONFIG = "cloud-init-config"
    CLOUD_INIT_FINAL = "cloud-init-final"
    HOST_KEYS = "host-keys"
    FINISHED = "finished"
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

# RE2's syntax, so that all of them together can be searched for at once.
_FIRMWARE = re.compile(r"SeaBIOS \(version|^BdsDxe: |^UEFI (?:firmware|Interactive Shell)")
_BOOTLOADER = re.compile(
    r"GRUB loading|Welcome to GRUB!|GNU GRUB +version|^ *Booting [`'\"]|^Loading Linux "
    r"|^(?:SYS|ISO|EXT)LINUX \d|systemd-boot"
)
_KERNEL = re.compile(r"^\[ *\d+\.\d{6}\] |^EFI stub: |^Decompressing Linux")
_KERNEL_BANNER = re.compile(r"^\[ {4}0\.000000\] Linux version \d")
# What the kernel says before it starts the initramfs's /init, then the words of initramfs-tools and of dracut.
_INITRAMFS = re.compile(
    r"Run /init as init process|^Loading, please wait\.\.\.|^Begin: (?:Loading|Running|Mounting|Waiting) "
    r"|dracut-(?:cmdline|pre-udev|pre-trigger|initqueue|mount)\[|Reached target (?:initrd-|Initrd )"
)
# systemd greets twice where the initramfs runs it too: "Welcome to Rocky Linux 9.4 dracut-057 (Initramfs)!"
_WELCOME = re.compile(r"^(?:\[ *\d+\.\d{6}\] )?Welcome to ([^!]+)!")
_FROM_INITRAMFS = re.compile(r"[Ii]nitramfs|dracut")
_NETWORK = re.compile(r"Reached target (?:network(?:-online)?\.target|Network(?: is Online)?\.)")
_LOGIN = re.compile(r"^(\S+) login: ")
# `cc_keys_to_console` and `cc_ssh_authkey_fingerprints` print it, and the former again as keys.
_HOST_KEYS = re.compile(r"-----BEGIN SSH HOST KEY (?:FINGERPRINTS|KEYS)-----")

# What cloud-init itself prints at the begin of each stage (22.4 and 25.1 alike) and in its module final_message.
_RUNNING = re.compile(r"Cloud-init v\. \S+ running '(init-local|init|modules:config|modules:final)'")
_FINISHED = re.compile(r"Cloud-init v\. \S+ finished at ")
_UP = re.compile(r" Up (\d+\.\d+) seconds")
# What systemd says of its units, cut in the middle to the console's width: by name where it shows names (Debian), by
# description where not (EL). The network stage's unit is cloud-init.service, from 24.3 cloud-init-network.service; the
# descriptions changed in 24.1. Units that end after multi-user.target are not shown, so cloud-final.service seldom is.
_UNIT = re.compile(
    r"(Starting|Started|Finished|Failed to start) "
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
    (_INITRAMFS, Milestone.INITRAMFS),
    (_NETWORK, Milestone.NETWORK),
    (_HOST_KEYS, Milestone.HOST_KEYS),
)
PATTERNS = tuple(
    pattern.pattern
    for pattern in (*(each for each, _ in _PATTERNS), _WELCOME, _LOGIN, _RUNNING, _FINISHED, _UNIT, _TARGET)
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one line shows: milestones in their order, and the stage of cloud-init that has ended. `all_ended`: systemd
    reached the target that waits for all stages, those included that never began. `up`: for how many seconds the
    machine was up when cloud-init itself printed it, by the guest's own clock.
    """

    milestones: tuple[Milestone, ...]
    ended: Milestone | None = None
    all_ended: bool = False
    up: float | None = None

    def up_at(self, milestone: Milestone) -> float | None:
        """The same for a milestone of cloud-init's own; the kernel's time stamp before such a line is another one."""
        return self.up if milestone in {*CLOUD_INIT_STAGES, Milestone.FINISHED, Milestone.READY} else None


def read_line(line: str) -> Reading:
    """What a line shows that has ended."""
    milestones = list(_milestones(line))
    ended, up = None, None
    if running := _RUNNING.search(line):
        milestones.append(_STAGES[running[1]])
    if unit := _UNIT.search(line):
        stage = _STAGES[unit[2] or unit[3]]
        if unit[1] == "Starting":
            milestones.append(stage)
        else:
            ended = stage
    finished = _FINISHED.search(line)
    if finished:
        milestones.append(Milestone.FINISHED)
        ended = Milestone.CLOUD_INIT_FINAL
    if (running or finished) and (said := _UP.search(line)):
        up = float(said[1])
    return Reading(tuple(dict.fromkeys(milestones)), ended, _TARGET.search(line) is not None, up)


def is_login_prompt(begin: str) -> bool:
    """Whether a line begins with a login prompt, whatever comes after it. "Last login: " is none."""
    match = _LOGIN.match(begin)
    return match is not None and match[1] != "Last"


def starts_again(line: str, passed: AbstractSet[Milestone]) -> bool:
    """Whether a machine that passed these has started again: a firmware after a kernel, a kernel after init (kexec)."""
    if Milestone.KERNEL in passed and _FIRMWARE.search(line):
        return True
    return Milestone.INIT in passed and _KERNEL_BANNER.search(line) is not None


def _milestones(line: str) -> Iterator[Milestone]:
    for pattern, milestone in _PATTERNS:
        if pattern.search(line):
            yield milestone
    welcome = _WELCOME.search(line)
    if welcome and "GRUB" not in welcome[1]:
        yield Milestone.INITRAMFS if _FROM_INITRAMFS.search(welcome[1]) else Milestone.INIT
