from __future__ import annotations

from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import InputError
from goldsmith.machine.architecture import UefiFirmware
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.drivers.libvirt_xml import Host, domain_xml
from goldsmith.machine.drivers.qemu_argv import mac_address
from goldsmith.machine.options import Bus, Firmware, MachineOptions, Network

ID = UUID("5f0c3f0e-6f0c-4a36-9c1b-0d8e3a7c1b2a")
ROOT = Host("10 20 30", ("none", "dac"))
WHOLE = """\
<domain xmlns:goldsmith="urn:goldsmith:domain:1" xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0" type="qemu">
  <name>goldsmith-clone-1</name>
  <uuid>5f0c3f0e-6f0c-4a36-9c1b-0d8e3a7c1b2a</uuid>
  <metadata>
    <libosinfo:libosinfo>
      <libosinfo:os id="http://debian.org/debian/12" />
    </libosinfo:libosinfo>
    <goldsmith:owner>10 20 30</goldsmith:owner>
  </metadata>
  <memory>1048576</memory>
  <currentMemory>1048576</currentMemory>
  <vcpu>1</vcpu>
  <os>
    <type arch="x86_64" machine="q35">hvm</type>
    <boot dev="hd" />
    <bios useserial="yes" />
  </os>
  <features>
    <acpi />
    <apic />
  </features>
  <cpu mode="maximum" />
  <clock offset="utc">
    <timer name="rtc" tickpolicy="catchup" />
    <timer name="pit" tickpolicy="delay" />
    <timer name="hpet" present="no" />
  </clock>
  <pm>
    <suspend-to-mem enabled="no" />
    <suspend-to-disk enabled="no" />
  </pm>
  <devices>
    <disk type="file" device="disk">
      <driver name="qemu" type="qcow2" cache="unsafe" discard="unmap" />
      <source file="/w/disk.qcow2" />
      <backingStore type="file">
        <format type="raw" />
        <source file="/pool/image.raw" />
        <backingStore />
      </backingStore>
      <target dev="vda" bus="virtio" />
    </disk>
    <disk type="file" device="disk">
      <driver name="qemu" type="raw" />
      <source file="/w/seed.iso" />
      <target dev="vdb" bus="virtio" />
      <readonly />
    </disk>
    <controller type="usb" model="none" />
    <serial type="pty">
      <log file="/w/clone.serial.log" append="on" />
    </serial>
    <channel type="unix">
      <source mode="bind" />
      <target type="virtio" name="org.qemu.guest_agent.0" />
    </channel>
    <video>
      <model type="vga" />
    </video>
    <memballoon model="none" />
    <rng model="virtio">
      <backend model="random">/dev/urandom</backend>
    </rng>
  </devices>
  <seclabel type="static" model="dac" relabel="no">
    <label>+0:+0</label>
  </seclabel>
</domain>"""  # noqa: E501


def spec(path: str = "/w/disk.qcow2", **given: object) -> MachineSpec:
    base = Disk(Path("/pool/image.raw"), DiskFormat.RAW, 1 << 30)
    values: dict[str, object] = {"seed": Path("/w/seed.iso"), "os_id": "http://debian.org/debian/12", **given}
    disk = Disk(Path(path), DiskFormat.QCOW2, 1 << 30, base)
    return MachineSpec(name="clone", disk=disk, folder=Path("/w"), uuid=ID, **values)  # type: ignore[arg-type]


def xml(specified: MachineSpec, host: Host = ROOT) -> str:
    return domain_xml(specified, name="goldsmith-clone-1", serial=Path("/w/clone.serial.log"), host=host)


def test_the_whole_domain() -> None:
    assert xml(spec()) == WHOLE


def test_hostile_names_stay_names() -> None:
    made = ET.fromstring(xml(spec("/w/<&>\"'\n.qcow2", os_id='"><x>&amp;')))
    source = made.find("devices/disk/source")
    assert source is not None
    assert source.get("file") == "/w/<&>\"'\n.qcow2"
    assert [each.get("id") for each in made.iter("{http://libosinfo.org/xmlns/libvirt/domain/1.0}os")] == ['"><x>&amp;']


def test_names_that_xml_cannot_carry_are_refused() -> None:
    for name in ("/w/\x01.qcow2", "/w/\udcff.qcow2"):
        with pytest.raises(InputError, match="XML has no such characters"):
            xml(spec(name))


def test_a_bus_that_libvirt_lacks_is_refused() -> None:
    with pytest.raises(InputError, match="no bus nvme") as raised:
        xml(spec(options=MachineOptions(bus=Bus.NVME)))
    assert "qemu" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("security", "labels"),
    [((), []), (("none",), []), (("dac",), ["dac"]), (("selinux", "dac"), ["dac", "selinux"]), (("apparmor",), [])],
)
def test_files_keep_their_owners_and_labels(security: tuple[str, ...], labels: list[str]) -> None:
    made = ET.fromstring(xml(spec(), Host("1 2 3", security, 7, 8)))
    assert [each.get("model") for each in made.iterfind("seclabel")] == labels
    assert {each.text for each in made.iterfind("seclabel/label")} <= {"+7:+8"}


def test_hardware_virtualization_is_asked_for_where_it_works() -> None:
    assert xml(spec(accelerated=True)).splitlines()[0].endswith('type="kvm">')


def test_a_machine_of_another_architecture_has_its_own_devices() -> None:
    options = MachineOptions(arch="aarch64", firmware=Firmware.UEFI, tpm=True, bus=Bus.SCSI, network=Network.ISOLATED)
    uefi = UefiFirmware(Path("/usr/share/AAVMF/AAVMF_CODE.fd"), Path("/w/clone.vars.fd"))
    made = ET.fromstring(
        domain_xml(spec(options=options), name="one", serial=Path("/w/serial.log"), host=ROOT, uefi=uefi)
    )
    assert [(each.tag, each.attrib, each.text) for each in made.iterfind("os/*")] == [
        ("type", {"arch": "aarch64", "machine": "virt"}, "hvm"),
        ("loader", {"readonly": "yes", "type": "pflash"}, "/usr/share/AAVMF/AAVMF_CODE.fd"),
        ("nvram", {}, "/w/clone.vars.fd"),
        ("boot", {"dev": "hd"}, None),
    ]
    assert [each.attrib for each in made.iterfind("devices/disk/target")] == [
        {"dev": "sda", "bus": "scsi"},
        {"dev": "sdb", "bus": "scsi"},
    ]
    assert [each.get("model") for each in made.iterfind("devices/tpm")] == ["tpm-tis"]
    assert [each.get("address") for each in made.iterfind("devices/interface/mac")] == [mac_address(ID)]
    assert [each.get("state") for each in made.iterfind("devices/interface/link")] == ["down"]


def test_a_processors_features_are_said_one_by_one() -> None:
    made = ET.fromstring(xml(spec(options=MachineOptions(cpu="max,+avx,-aes,la57=off,sse=on"))))
    assert [(each.get("policy"), each.get("name")) for each in made.iterfind("cpu/feature")] == [
        ("force", "avx"),
        ("disable", "aes"),
        ("disable", "la57"),
        ("force", "sse"),
    ]
