"""The domain XML of a machine: a pure function of its specification and of what libvirtd says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree as ET

from goldsmith.disk.disk import Disk
from goldsmith.errors import InputError
from goldsmith.machine.architecture import ARCHITECTURES, Architecture, UefiFirmware
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.drivers.libvirt_owner import NAMESPACE
from goldsmith.machine.drivers.qemu_argv import AGENT_PORT, mac_address
from goldsmith.machine.options import Bus, Network

ET.register_namespace("goldsmith", NAMESPACE)
LIBOSINFO = "http://libosinfo.org/xmlns/libvirt/domain/1.0"
ET.register_namespace("libosinfo", LIBOSINFO)
# libvirt's own words for what QEMU calls otherwise.
CPU_MODES = {"max": "maximum", "host": "host-passthrough"}
SCREENS = {"VGA": "vga", "virtio-gpu-pci": "virtio"}
TPMS = {"tpm-crb": "tpm-crb", "tpm-tis-device": "tpm-tis"}
# XML 1.0 has no way to write these, not even as references.
UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Host:
    """Where it is to run: the security models that libvirtd labels with, as whom QEMU runs, and whose domain it is."""

    owner: str
    security: tuple[str, ...] = ()
    uid: int = 0
    gid: int = 0


def domain_xml(spec: MachineSpec, *, name: str, serial: Path, host: Host, uefi: UefiFirmware | None = None) -> str:
    """The whole domain. What it prints goes to `serial`; `uefi` names the code and this machine's own copy of the
    variables.

    Raises InputError for what libvirt cannot do, and for names that XML cannot carry.
    """
    options = spec.options
    if options.bus is Bus.NVME:
        raise InputError(
            "the driver libvirt has no bus nvme: libvirt makes no NVMe disk of a file",
            hint="use the driver qemu, or the bus virtio or scsi",
        )
    architecture = ARCHITECTURES[options.arch]
    domain = ET.Element("domain", type="kvm" if spec.accelerated else "qemu")
    _text(domain, "name", name)
    _text(domain, "uuid", str(spec.uuid))
    domain.append(_metadata(spec.os_id, host.owner))
    _text(domain, "memory", str(options.memory << 10))
    _text(domain, "currentMemory", str(options.memory << 10))
    _text(domain, "vcpu", str(options.cpus))
    domain.append(_os(options.machine or architecture.machine, architecture, uefi))
    features = ET.SubElement(domain, "features")
    ET.SubElement(features, "acpi")
    if architecture.name == "x86_64":
        ET.SubElement(features, "apic")
    domain.append(_cpu(options.cpu))
    clock = ET.SubElement(domain, "clock", offset="utc")
    if architecture.name == "x86_64":
        ET.SubElement(clock, "timer", name="rtc", tickpolicy="catchup")
        ET.SubElement(clock, "timer", name="pit", tickpolicy="delay")
        ET.SubElement(clock, "timer", name="hpet", present="no")
        power = ET.SubElement(domain, "pm")
        ET.SubElement(power, "suspend-to-mem", enabled="no")
        ET.SubElement(power, "suspend-to-disk", enabled="no")
    domain.append(_devices(spec, architecture, serial))
    for label in _labels(host):
        domain.append(label)
    ET.indent(domain)
    return ET.tostring(domain, encoding="unicode")


def _metadata(os_id: str | None, owner: str) -> ET.Element:
    metadata = ET.Element("metadata")
    if os_id is not None:
        system = ET.SubElement(metadata, f"{{{LIBOSINFO}}}libosinfo")
        ET.SubElement(system, f"{{{LIBOSINFO}}}os", id=_writable(os_id))
    _text(metadata, f"{{{NAMESPACE}}}owner", owner)
    return metadata


def _os(machine: str, architecture: Architecture, uefi: UefiFirmware | None) -> ET.Element:
    os = ET.Element("os")
    _text(os, "type", "hvm", arch=architecture.name, machine=machine)
    if uefi is not None:
        _text(os, "loader", str(uefi.code), readonly="yes", type="pflash")
        _text(os, "nvram", str(uefi.variables))
    ET.SubElement(os, "boot", dev="hd")
    if uefi is None:
        # SeaBIOS speaks on the serial port, as everything after it does.
        ET.SubElement(os, "bios", useserial="yes")
    return os


def _cpu(words: str) -> ET.Element:
    """Of QEMU's words for a model and its features, as in "Haswell-noTSX,+avx,pdpe1gb=off"."""
    model, *features = words.split(",")
    if model in CPU_MODES:
        cpu = ET.Element("cpu", mode=CPU_MODES[model])
    else:
        cpu = ET.Element("cpu", mode="custom", match="exact")
        _text(cpu, "model", model)
    for word in features:
        name, _, value = word.lstrip("+-").partition("=")
        off = word.startswith("-") or value == "off"
        ET.SubElement(cpu, "feature", policy="disable" if off else "force", name=name)
    return cpu


def _devices(spec: MachineSpec, architecture: Architecture, log: Path) -> ET.Element:
    options = spec.options
    devices = ET.Element("devices")
    disk = ET.SubElement(devices, "disk", type="file", device="disk")
    # An overlay is thrown away when the host goes down: nothing waits for the host's own disk.
    kind = spec.disk.format.value
    ET.SubElement(disk, "driver", name="qemu", type=kind, cache="unsafe", discard="unmap")
    _source(disk, spec.disk.path)
    disk.append(_backing(spec.disk.backing))
    prefix = "vd" if options.bus is Bus.VIRTIO else "sd"
    ET.SubElement(disk, "target", dev=f"{prefix}a", bus=options.bus.value)
    if spec.seed is not None:
        seed = ET.SubElement(devices, "disk", type="file", device="disk")
        ET.SubElement(seed, "driver", name="qemu", type="raw")
        _source(seed, spec.seed)
        ET.SubElement(seed, "target", dev=f"{prefix}b", bus=options.bus.value)
        ET.SubElement(seed, "readonly")
    if options.bus is Bus.SCSI:
        ET.SubElement(devices, "controller", type="scsi", model="virtio-scsi")
    ET.SubElement(devices, "controller", type="usb", model="none")
    if options.network is not Network.NONE:
        devices.append(_card(options.network, spec.uuid))
    serial = ET.SubElement(devices, "serial", type="pty")
    ET.SubElement(serial, "log", file=_writable(str(log.absolute())), append="on")
    channel = ET.SubElement(devices, "channel", type="unix")
    ET.SubElement(channel, "source", mode="bind")
    ET.SubElement(channel, "target", type="virtio", name=AGENT_PORT)
    if options.tpm:
        tpm = ET.SubElement(devices, "tpm", model=TPMS[architecture.tpm])
        ET.SubElement(tpm, "backend", type="emulator", version="2.0")
    # A guest that is silent on its serial port may show its reason there.
    ET.SubElement(ET.SubElement(devices, "video"), "model", type=SCREENS[architecture.display])
    ET.SubElement(devices, "memballoon", model="none")
    rng = ET.SubElement(devices, "rng", model="virtio")
    _text(rng, "backend", "/dev/urandom", model="random")
    return devices


def _card(network: Network, uuid: UUID) -> ET.Element:
    card = ET.Element("interface", type="user")
    ET.SubElement(card, "mac", address=mac_address(uuid))
    ET.SubElement(card, "model", type="virtio")
    if network is Network.ISOLATED:
        # Its cable is pulled out: the type `null` would be the word, but libvirtd 9.0.0 dies of it.
        ET.SubElement(card, "link", state="down")
    return card


def _backing(disk: Disk | None) -> ET.Element:
    """The stated chain; its end is stated too, so that what a header names is never opened."""
    store = ET.Element("backingStore")
    if disk is not None:
        store.set("type", "file")
        ET.SubElement(store, "format", type=disk.format.value)
        _source(store, disk.path)
        store.append(_backing(disk.backing))
    return store


def _labels(host: Host) -> list[ET.Element]:
    """No file changes its owner or label: QEMU runs as the one who asks, who owns the scratch folder. AppArmor's
    profiles, which are made for each domain and touch no file, stay.
    """
    labels = []
    if "dac" in host.security:
        label = ET.Element("seclabel", type="static", model="dac", relabel="no")
        _text(label, "label", f"+{host.uid}:+{host.gid}")
        labels.append(label)
    if "selinux" in host.security:
        labels.append(ET.Element("seclabel", type="none", model="selinux"))
    return labels


def _source(parent: ET.Element, path: Path) -> None:
    ET.SubElement(parent, "source", file=_writable(str(path.absolute())))


def _text(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, tag, {key: _writable(value) for key, value in attributes.items()}).text = _writable(text)


def _writable(text: str) -> str:
    if UNWRITABLE.search(text):
        raise InputError(f"libvirt cannot take the name {text!r}: XML has no such characters")
    return text
