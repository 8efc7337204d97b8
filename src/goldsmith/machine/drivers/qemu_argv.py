"""QEMU's command line, made of a specification alone: everything is stated, nothing is left to QEMU's defaults.

Devices come in an order in which a disk's, a card's and a screen's address do not depend on whether there is a seed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.machine.architecture import ARCHITECTURES, Architecture, UefiFirmware
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.options import Bus, Network

# What a compromised QEMU may not do; libvirt's choice.
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
# Where qemu-ga looks for its host.
AGENT_PORT = "org.qemu.guest_agent.0"


@dataclass(frozen=True, slots=True)
class Descriptors:
    """Connected sockets that QEMU inherits: its monitor, the guest agent's port, and the TPM where there is one."""

    monitor: int
    agent: int
    tpm: int | None = None

    def all(self) -> tuple[int, ...]:
        return (self.monitor, self.agent) if self.tpm is None else (self.monitor, self.agent, self.tpm)


def argv(spec: MachineSpec, descriptors: Descriptors, uefi: UefiFirmware | None = None) -> list[str]:
    """The whole command line. `uefi` names the code and this machine's own copy of the variables."""
    architecture, options = ARCHITECTURES[spec.options.arch], spec.options
    words = [architecture.program, "-no-user-config", "-nodefaults", "-display", "none", "-sandbox", SANDBOX]
    words += ["-name", f"guest={_comma(spec.name)}", "-uuid", str(spec.uuid)]
    words += ["-machine", _machine(architecture, options.machine, with_uefi=uefi is not None)]
    words += ["-accel", "kvm" if spec.accelerated else "tcg", "-cpu", _cpu(spec, architecture)]
    words += ["-smp", str(options.cpus), "-m", str(options.memory), "-rtc", "base=utc", "-boot", "strict=on"]
    words += ["-chardev", f"socket,id=monitor,fd={descriptors.monitor}", "-mon", "chardev=monitor,mode=control"]
    words += ["-chardev", f"file,id=console,path={_comma(str(spec.console))},append=on", "-serial", "chardev:console"]
    words += ["-object", json.dumps({"qom-type": "rng-random", "id": "entropy", "filename": "/dev/urandom"})]
    words += _device("virtio-rng-pci", rng="entropy")
    words += ["-chardev", f"socket,id=agent,fd={descriptors.agent}", *_device("virtio-serial-pci")]
    words += _device("virtserialport", chardev="agent", name=AGENT_PORT)
    if uefi is not None:
        words += _flash(uefi)
    for node in _nodes(spec.disk):
        words += _blockdev(node)
    words += _disk(options.bus)
    # A guest that is silent on its serial port may show its reason there.
    words += _device(architecture.display, id="screen")
    words += _network(options.network, spec.uuid, sshd=spec.sshd)
    if descriptors.tpm is not None:
        words += ["-chardev", f"socket,id=tpm,fd={descriptors.tpm}", "-tpmdev", "emulator,id=tpm,chardev=tpm"]
        words += _device(architecture.tpm, tpmdev="tpm")
    if spec.seed is not None:
        file = {"driver": "file", "filename": str(spec.seed), "read-only": True, "auto-read-only": False}
        words += _blockdev({"driver": "raw", "node-name": "seed", "read-only": True, "file": file})
        words += _seed(options.bus)
    return words


def mac_address(uuid: UUID) -> str:
    """In QEMU's range, and of this machine alone: two clones must not share one, and a second boot keeps it."""
    return "52:54:00:" + sha256(uuid.bytes).digest()[:3].hex(":")


def _machine(architecture: Architecture, machine: str | None, *, with_uefi: bool) -> str:
    words = [machine or architecture.machine, *architecture.tuning, "dump-guest-core=off"]
    if with_uefi:
        words += ["pflash0=code", "pflash1=variables"]
    return ",".join(words)


def _cpu(spec: MachineSpec, architecture: Architecture) -> str:
    model, comma, features = spec.options.cpu.partition(",")
    emulated_max = model == "max" and not spec.accelerated
    return f"{architecture.fastest}{comma}{features}" if emulated_max else spec.options.cpu


def _disk(bus: Bus) -> list[str]:
    match bus:
        case Bus.VIRTIO:
            return _device("virtio-blk-pci", id="disk", drive="disk-0", bootindex=1)
        case Bus.SCSI:
            controller = _device("virtio-scsi-pci", id="scsi")
            return [*controller, *_device("scsi-hd", id="disk", drive="disk-0", bus="scsi.0", bootindex=1)]
        case Bus.NVME:
            return _device("nvme", id="disk", drive="disk-0", serial="disk", bootindex=1)


def _seed(bus: Bus) -> list[str]:
    """On the disk's bus: an image has the driver of that one."""
    match bus:
        case Bus.VIRTIO:
            return _device("virtio-blk-pci", id="seed", drive="seed")
        case Bus.SCSI:
            return _device("scsi-hd", id="seed", drive="seed", bus="scsi.0")
        case Bus.NVME:
            return _device("nvme", id="seed", drive="seed", serial="seed")


def _network(network: Network, uuid: UUID, *, sshd: bool) -> list[str]:
    """No boot ROM: QEMU's package only recommends the one that has it, and no image of ours boots from a network.

    `sshd`: a port of this host's loopback, which QEMU chooses, leads to the guest's port 22. The guest still reaches
    nothing, unless it has the network `user` anyway.
    """
    card = _device("virtio-net-pci", id="card", netdev="link", mac=mac_address(uuid), romfile="")
    if sshd:
        link = {"type": "user", "id": "link", "hostfwd": [{"str": "tcp:127.0.0.1:0-:22"}]}
        return ["-netdev", json.dumps({**link, "restrict": network is not Network.USER}), *card]
    match network:
        case Network.NONE:
            return ["-nic", "none"]
        case Network.ISOLATED:
            # A hub with one port: the card has its link up, and nobody is at the other end.
            return ["-netdev", json.dumps({"type": "hubport", "id": "link", "hubid": 0}), *card]
        case Network.USER:
            return ["-netdev", json.dumps({"type": "user", "id": "link"}), *card]


def _flash(uefi: UefiFirmware) -> list[str]:
    code = {"driver": "file", "filename": str(uefi.code), "read-only": True, "auto-read-only": False}
    variables = {"driver": "file", "filename": str(uefi.variables), "auto-read-only": False}
    return [
        *_blockdev({"driver": "raw", "node-name": "code", "read-only": True, "file": code}),
        *_blockdev({"driver": "raw", "node-name": "variables", "file": variables}),
    ]


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


def _device(driver: str, **properties: object) -> list[str]:
    return ["-device", json.dumps({"driver": driver, **properties})]


def _blockdev(node: Mapping[str, object]) -> list[str]:
    return ["-blockdev", json.dumps(node)]


def _comma(value: str) -> str:
    return value.replace(",", ",,")
