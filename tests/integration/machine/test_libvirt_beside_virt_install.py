"""The domain that goldsmith makes, compared whole with what the real virt-install makes of the same options."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from tests.integration.machine.libvirtd import Libvirtd, own_libvirtd

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.machine.architecture import UefiFirmware
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.drivers.libvirt_owner import NAMESPACE
from goldsmith.machine.drivers.libvirt_xml import Host, domain_xml
from goldsmith.machine.drivers.qemu_argv import mac_address
from goldsmith.machine.options import Bus, Firmware, MachineOptions, Network
from goldsmith.machine.osinfo import os_id

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

ID = UUID("01234567-89ab-cdef-0123-456789abcdef")
CODE, VARIABLES = Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/scratch/clone.vars.fd")
# What virt-install adds by itself where nothing is said is said here.
COMMON = f"""
    virt-install --import --print-xml --name goldsmith-clone --uuid {ID} --virt-type qemu --arch x86_64
    --graphics none --video vga --console none --serial pty,log.file=/scratch/clone.serial.log,log.append=on
    --controller usb,model=none --memballoon none --rng /dev/urandom --noautoconsole
    --channel unix,mode=bind,target.type=virtio,target.name=org.qemu.guest_agent.0 --check all=off
"""
NO_OS = "--osinfo detect=off,require=off"
DISK = "--disk path=/scratch/disk.qcow2,format=qcow2,bus=virtio,driver.cache=unsafe,driver.discard=unmap"
SCSI = f"{DISK.replace('bus=virtio', 'bus=scsi')} --controller scsi,model=virtio-scsi"
BIOS = "--boot hd,bios.useserial=on"
UEFI = f"--boot hd,loader={CODE},loader.readonly=yes,loader.type=pflash,nvram={VARIABLES}"
TPM = "--tpm emulator,model=tpm-crb,version=2.0"
USER = f"--network user,model=virtio,mac={mac_address(ID)}"


def words(
    *more: str,
    system: str = NO_OS,
    memory: int = 1024,
    cpus: int = 1,
    cpu: str = "mode=maximum",
    machine: str = "q35",
    disk: str = DISK,
    boot: str = BIOS,
    network: str = "--network none",
    seed: str = "--cloud-init none",
) -> str:
    """virt-install's words for a machine; without any, those for the default options."""
    size = f"--memory {memory} --vcpus {cpus} --cpu {cpu} --machine {machine}"
    return " ".join((COMMON, system, size, disk, boot, network, seed, *more))


# Each case: our options, and virt-install's words for them.
CASES = {
    "defaults": (MachineOptions(), words()),
    "no cloud-init option": (MachineOptions(), words(seed="")),
    "two processors, more memory": (MachineOptions(memory=2048, cpus=2), words(memory=2048, cpus=2)),
    "a named processor": (MachineOptions(cpu="Nehalem"), words(cpu="Nehalem")),
    "a processor with features": (
        MachineOptions(cpu="Haswell-noTSX,+avx,pdpe1gb=off"),
        words(cpu="Haswell-noTSX,+avx,-pdpe1gb"),
    ),
    # virt-install gives UEFI a TPM unless told otherwise.
    "uefi": (MachineOptions(firmware=Firmware.UEFI), words("--tpm none", boot=UEFI)),
    "scsi": (MachineOptions(bus=Bus.SCSI), words(disk=SCSI)),
    "tpm": (MachineOptions(tpm=True), words(TPM)),
    "user network": (MachineOptions(network=Network.USER), words(network=USER)),
    "isolated": (MachineOptions(network=Network.ISOLATED), words(network=f"{USER},link.state=down")),
    "everything": (
        MachineOptions(
            memory=2048,
            cpus=2,
            firmware=Firmware.UEFI,
            tpm=True,
            machine="pc-q35-7.2",
            bus=Bus.SCSI,
            network=Network.USER,
        ),
        words(TPM, memory=2048, cpus=2, machine="pc-q35-7.2", disk=SCSI, boot=UEFI, network=USER),
    ),
}


@pytest.fixture(scope="module")
def daemon() -> Iterator[Libvirtd]:
    with own_libvirtd() as started:
        yield started


def ours(options: MachineOptions, *, seed: Path | None = None, system: str | None = None) -> str:
    base = Disk(Path("/pool/image.qcow2"), DiskFormat.QCOW2, 1 << 30)
    spec = MachineSpec(
        name="clone",
        disk=Disk(Path("/scratch/disk.qcow2"), DiskFormat.QCOW2, 1 << 30, base),
        folder=Path("/scratch"),
        seed=seed,
        options=options,
        uuid=ID,
        os_id=system,
    )
    return domain_xml(
        spec,
        name="goldsmith-clone",
        serial=Path("/scratch/clone.serial.log"),
        host=Host("1 2 3", ("none", "dac"), 0, 0),
        uefi=UefiFirmware(CODE, VARIABLES) if options.firmware is Firmware.UEFI else None,
    )


def theirs(daemon: Libvirtd, said: str) -> str:
    argv = [*shlex.split(said.replace("/scratch", str(scratch(daemon)))), "--connect", daemon.uri]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.replace(str(scratch(daemon)), "/scratch")


def scratch(daemon: Libvirtd) -> Path:
    """virt-install wants to see the files that it is told of."""
    folder = daemon.folder / "scratch"
    if not folder.exists():
        folder.mkdir()
        create = ["qemu-img", "create", "-q", "-f"]
        subprocess.run([*create, "qcow2", folder / "disk.qcow2", "16M"], check=True, timeout=20)
        subprocess.run([*create, "raw", folder / "seed.iso", "1M"], check=True, timeout=20)
    return folder


def same(xml: str) -> list[str]:
    """One line for each element, sorted, without what differs on purpose, each with its reason."""
    domain = ET.fromstring(xml)
    devices = domain.find("devices")
    assert devices is not None
    # libvirt finds the same emulator by itself; and it adds the same PCI controllers as the machine type needs them.
    _drop(devices, "emulator")
    _drop(devices, "controller[@type='pci']")
    # virt-install leaves the chain to libvirt, which reads it from the file's header; ours is stated to its end.
    for disk in devices.iterfind("disk"):
        _drop(disk, "backingStore")
    # QEMU runs as the one who asks, and files keep their owners: it is a throw-away folder of goldsmith's.
    _drop(domain, "seclabel")
    # By which the next run knows whose domain it was.
    metadata = domain.find("metadata")
    if metadata is not None:
        _drop(metadata, f"{{{NAMESPACE}}}owner")
        if not len(metadata):
            domain.remove(metadata)
    return sorted(_lines(domain, ""))


def _drop(parent: ET.Element, path: str) -> None:
    for element in parent.findall(path):
        parent.remove(element)


def _lines(element: ET.Element, above: str) -> Iterator[str]:
    attributes = " ".join(f"{name}={_word(value)}" for name, value in sorted(element.attrib.items()))
    place = f"{above}/{element.tag}[{attributes}]"
    yield f"{place} {_word((element.text or '').strip())}"
    for child in element:
        yield from _lines(child, place)


def _word(value: str) -> str:
    """libvirt reads either word."""
    return {"on": "yes"}.get(value, value)


@pytest.mark.parametrize("name", CASES)
def test_the_domain_is_what_virt_install_makes(daemon: Libvirtd, name: str) -> None:
    options, said = CASES[name]
    assert same(ours(options)) == same(theirs(daemon, said))


def test_the_operating_system_is_named_as_by_os_variant(daemon: Libvirtd) -> None:
    identifier = os_id("debian", "11")
    assert identifier is not None
    made = theirs(daemon, words(system="--os-variant debian11"))
    assert same(ours(MachineOptions(), system=identifier)) == same(made)


def test_a_seed_is_a_disk_that_cannot_be_written(daemon: Libvirtd) -> None:
    made = theirs(daemon, words("--disk path=/scratch/seed.iso,format=raw,bus=virtio,readonly=on"))
    assert same(ours(MachineOptions(), seed=Path("/scratch/seed.iso"))) == same(made)


def test_what_differs_from_virt_installs_own_seed(daemon: Libvirtd, tmp_path: Path) -> None:
    """Its seed is a SATA drive, ours a virtio disk as by the driver qemu. Its domain is for the first boot alone, ends
    where the guest restarts itself, and tells the guest where to look by its serial number; a clone's does what later
    ones do, and cloud-init looks for the disk by its label.
    """
    for name in ("user-data", "meta-data"):
        (tmp_path / name).write_text("")
    seed = f"--cloud-init user-data={tmp_path}/user-data,meta-data={tmp_path}/meta-data"
    made = theirs(daemon, words(seed=seed))
    made = made[: made.index("</domain>") + len("</domain>")]
    assert ET.fromstring(made).find("devices/disk[@device='cdrom']/target[@bus='sata']") is not None
    differing = set(same(ours(MachineOptions(), seed=Path("/scratch/seed.iso")))) ^ set(same(made))
    assert {line.removeprefix("/domain[type=qemu]") for line in differing if "/disk[" not in line} == {
        "/os[]/boot[dev=hd] ",
        "/os[]/smbios[mode=sysinfo] ",
        "/sysinfo[type=smbios] ",
        "/sysinfo[type=smbios]/system[] ",
        "/sysinfo[type=smbios]/system[]/entry[name=serial] ds=nocloud",
        "/on_reboot[] destroy",
    }


def test_libvirt_takes_every_domain(daemon: Libvirtd, tmp_path: Path) -> None:
    """By its own schema; hostile words of a guest stay words."""
    path = tmp_path / "domain.xml"
    for options, _ in CASES.values():
        path.write_text(ours(options, seed=tmp_path / "seed <&> \"'.iso", system="<&>\"'"))
        daemon.virsh("define", "--validate", str(path))
        assert "&lt;&amp;&gt;" in daemon.virsh("dumpxml", "goldsmith-clone").stdout
        daemon.virsh("undefine", "--nvram", "goldsmith-clone")
