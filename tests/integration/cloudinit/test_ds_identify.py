"""Decision by decision, goldsmith says what ds-identify of Debian's cloud-init 22.4 and 25.1 decides."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.oracle.ds_identify import Case, decide
from tests.oracle.oracle import Oracle

from goldsmith.cloudinit.identify import identify
from goldsmith.cloudinit.surroundings import EC2, OPENSTACK, QEMU, Surroundings
from goldsmith.cloudinit.version import parse_version

pytestmark = pytest.mark.process

CFG = "/etc/cloud/cloud.cfg"
DROP_IN = "/etc/cloud/cloud.cfg.d/90_dpkg.cfg"
POLICY = "/etc/cloud/ds-identify.cfg"
SEED = "/var/lib/cloud/seed"
LONG = b"datasource_list: [ NoCloud, ConfigDrive, OpenStack, Ec2, Azure, None ]\n"
BARE = Surroundings(dmi=QEMU)


def listing(text: bytes, **around: object) -> Case:
    return Case(f"list {text!r}", {CFG: b"users: [default]\n", DROP_IN: text}, replace(BARE, **around))  # type: ignore[arg-type]


def image(name: str, around: Surroundings = BARE, **files: bytes) -> Case:
    """An image with the long list; names have a slash for each double underscore."""
    made = {f"/{path.replace('__', '/')}": content for path, content in files.items()}
    return Case(name, {CFG: b"", DROP_IN: LONG, **made}, around)


def dmi(name: str, **fields: str) -> Case:
    """A cloud's machine and an image that lists nothing."""
    return Case(f"dmi of {name}", {CFG: b""}, Surroundings(dmi={**QEMU, **fields}))


def cmdline(words: str, **files: bytes) -> Case:
    made = image(f"cmdline {words}", BARE, **files)
    return replace(made, around=replace(BARE, cmdline=f"root=/dev/vda1 {words} quiet"))


def lists() -> Iterator[Case]:
    for text in (
        b"", b"datasource_list: [NoCloud, None]\n", b"datasource_list: [NoCloud]\n", b"datasource_list: [None]\n",
        b"datasource_list: [ NoCloud , None ]\n", b"datasource_list: ['NoCloud', \"None\"]\n", LONG,
        b"datasource_list: [NoCloud, ConfigDrive]\n", b"datasource_list:\n  - NoCloud\n  - None\n",
        b"datasource_list: []\n", b"datasource_list: [NoCloud, None] # local\n", b"datasource_list: [NoCloud,None]",
        b"# datasource_list: [NoCloud, None]\n", b"datasource_list: [NoCloud, None]\r\n",
        b"  datasource_list: [None]\n",
        b"datasource_list : [NoCloud, None]\n", b"'datasource_list': [NoCloud, None]\n", b"datasource_list:[None]\n",
        b"datasource_list: NoCloud, None\n", b"datasource_list: [None, NoCloud]\n", b"x_datasource_list: [None]\n",
        b"datasource_list: [None]\ndatasource_list: [Ec2, Azure]\n", b"datasource_list: [Unheard, NoCloud]\n",
        b"datasource_list: [ None ] \n", b"\tdatasource_list: [None]\t\n", b"datasource_list: [None\\]\n",
        b"datasource_list: &a [None]\n", b"datasource_list: [NoCloud,\n  None]\n",
    ):  # fmt: skip
        yield listing(text)
        yield listing(text, labels=("cidata",))


def policies() -> Iterator[Case]:
    for text in (
        b"policy: enabled\n", b"policy: disabled\n", b"policy: report\n", b"policy: search,notfound=enabled\n",
        b"policy: search,found=all,maybe=none,notfound=disabled\n", b"policy: enabled", b"policy: sometimes\n",
        b"policy: 'notfound=enabled'\n", b"policy: notfound=perhaps\n", b"# policy: enabled\n", b"datasource: None\n",
        b"datasource: NoCloud\n", b'datasource: "Ec2" # the cloud\n', b" policy : enabled \n",
        b"policy: a\npolicy: enabled\n",
        b"policy: disabled\ndatasource: None\n", b"policy: report\ndatasource: NoCloud\n", b"policy: maybe=all\n",
    ):  # fmt: skip
        yield image(f"policy {text!r}", etc__cloud__dsXidentifyYcfg=text)
    yield image(
        "found=first",
        around=replace(BARE, labels=("cidata", "config-2")),
        etc__cloud__dsXidentifyYcfg=b"policy: found=first\n",
    )
    yield image(
        "report finds a seed", around=replace(BARE, labels=("cidata",)), etc__cloud__dsXidentifyYcfg=b"policy: report\n"
    )


def seeds() -> Iterator[Case]:
    for label in ("cidata", "CIDATA", "Cidata", "cidata2", "config-2", "CONFIG-2"):
        yield image(f"label {label}", around=replace(BARE, labels=(label,)))
        yield Case(f"label {label}, no list", {CFG: b""}, replace(BARE, labels=("other", label)))
    for label in ("CONTEXT", "CLOUDMD", "METADATA"):
        yield Case(f"label {label}, no list", {CFG: b""}, replace(BARE, labels=(label,)))
    both = {"user-data": b"", "meta-data": b""}
    for folder in ("nocloud", "nocloud-net", "ec2", "AliYun", "opennebula"):
        for names in (both, {"meta-data": b""}, {"user-data": b""}):
            made = {f"{SEED}/{folder}/{name}": content for name, content in names.items()}
            yield Case(f"seed {folder}: {', '.join(names)}", {CFG: b"", **made}, BARE)
    for path in (
        "config_drive/openstack/latest/meta_data.json", "config_drive/openstack/2015-10-15/meta_data.json",
        "config_drive/openstack/1999-10-15/meta_data.json", "ovf/ovf-env.xml", "azure/ovf-env.xml",
    ):  # fmt: skip
        yield Case(f"seed {path}", {CFG: b"", f"{SEED}/{path}": b"{}"}, BARE)
    yield Case("bigstep", {CFG: b"", "/var/lib/cloud/data/seed/bigstep/url": b"x"}, BARE)
    inline = b"datasource:\n  NoCloud:\n    user-data: |\n      #cloud-config\n    meta-data: |\n      a: b\n"
    yield image("inline", etc__cloud__cloudYcfgYd__91YcfgX=b"")
    yield Case("inline NoCloud", {CFG: b"", DROP_IN: LONG, "/etc/cloud/cloud.cfg.d/95.cfg": inline}, BARE)
    yield Case("seedfrom", {CFG: b"datasource:\n  NoCloud:\n    seedfrom: http://example.org/\n", DROP_IN: LONG}, BARE)
    yield Case(
        "in a file that is hidden", {CFG: b"", "/etc/cloud/cloud.cfg.d/.x.cfg": b"datasource_list: [None]\n"}, BARE
    )
    yield Case("no cloud.cfg", {DROP_IN: b"datasource_list: [None]\n"}, BARE)
    yield Case("no configuration at all", {}, BARE)
    yield Case(
        "the last name wins",
        {CFG: b"", DROP_IN: LONG, "/etc/cloud/cloud.cfg.d/a.cfg": b"datasource_list: [None]\n"},
        BARE,
    )
    yield image("an old instance to keep", var__lib__cloud__instance__manualXclean=b"")


CLOUDS: Mapping[str, Mapping[str, str]] = {
    "OpenStack": OPENSTACK,
    "OpenStack by tag": {"chassis_asset_tag": "OpenTelekomCloud"},
    "OpenStack by a new tag": {"chassis_asset_tag": "Samsung Cloud Platform"},
    "EC2": EC2,
    "EC2 without a serial": {"product_uuid": "ec2e1916-9099-7caf-fd21-012345abcdef"},
    "EC2 in the other byte order": {"product_uuid": "45E12AEC-DCD1-B213-94ED-012345ABCDEF"},
    "Brightbox": {"product_serial": "srv-1.gb1.brightbox.com"},
    "ZStack": {"chassis_asset_tag": "123.zstack.io"},
    "E24": {"sys_vendor": "e24cloud"},
    "Tilaa": {"sys_vendor": "Tilaa"},
    "Outscale": {"sys_vendor": "3DS Outscale", "product_name": "3DS Outscale VM"},
    "GCE": {"product_name": "Google Compute Engine"},
    "GCE by serial": {"product_serial": "GoogleCloud-0123"},
    "Azure": {"chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77"},
    "DigitalOcean": {"sys_vendor": "DigitalOcean"},
    "Hetzner": {"sys_vendor": "Hetzner"},
    "Vultr": {"sys_vendor": "Vultr"},
    "Scaleway": {"sys_vendor": "Scaleway"},
    "Oracle": {"chassis_asset_tag": "OracleCloud.com"},
    "Exoscale": {"product_name": "Exoscale Compute Platform"},
    "CloudStack": {"product_name": "CloudStack KVM Hypervisor"},
    "CloudSigma": {"product_name": "CloudSigma"},
    "CloudCIX": {"product_name": "CloudCIX"},
    "Akamai": {"sys_vendor": "Akamai"},
    "Alibaba": {"product_name": "Alibaba Cloud ECS"},
    "SmartOS": {"product_name": "SmartDC HVM"},
    "UpCloud": {"sys_vendor": "UpCloud"},
    "NWCS": {"sys_vendor": "NWCS"},
    "LXD": {"board_name": "LXD"},
    "NoCloud by serial": {"product_serial": "ds=nocloud;s=http://example.org/"},
    "NoCloud in a serial": {"product_serial": "1234 ds=nocloud;h=one"},
}


def machines() -> Iterator[Case]:
    for name, fields in CLOUDS.items():
        yield dmi(name, **fields)
    yield image("OpenStack, listed", around=Surroundings(dmi=OPENSTACK))
    yield image("EC2, listed", around=Surroundings(dmi=EC2))
    yield image("EC2 and a seed", around=Surroundings(dmi=EC2, labels=("cidata",)))
    yield image("OpenStack with a config drive", around=Surroundings(dmi=OPENSTACK, labels=("config-2",)))
    for arch in ("x86_64", "i686", "aarch64", "ppc64le", "riscv64"):
        yield image(f"architecture {arch}", around=replace(BARE, arch=arch))
        yield Case(f"architecture {arch}, may be", {CFG: b"", POLICY: b"policy: maybe=all\n"}, replace(BARE, arch=arch))
    for virt in ("none", "kvm", "qemu", "xen", "microsoft", "systemd-nspawn", "lxc"):
        yield image(f"virt {virt}", around=replace(BARE, virt=virt, labels=("cidata",)))
        yield Case(f"virt {virt}, no list", {CFG: b""}, Surroundings(virt=virt, dmi=EC2, labels=("METADATA",)))
    yield Case(
        "a container with a seed folder",
        {CFG: b"", f"{SEED}/nocloud/user-data": b"", f"{SEED}/nocloud/meta-data": b""},
        Surroundings(virt="systemd-nspawn"),
    )
    strict = {CFG: b"", "/etc/cloud/cloud.cfg.d/99-Ec2.cfg": b"datasource:\n  Ec2:\n    strict_id: false\n"}
    yield Case("EC2 perhaps", {**strict, POLICY: b"policy: maybe=all\n"}, BARE)
    yield Case("EC2 perhaps, and not wanted", strict, BARE)


def words() -> Iterator[Case]:
    for word in (
        "ci.ds=None", "ci.ds=NoCloud", "ci.datasource=Ec2", "ci.di.policy=enabled", "ci.di.policy=disabled",
        "ci.di.policy=search,notfound=enabled", "ds=nocloud", "ds=nocloud;s=http://example.org/", "ds=NoCloud",
        "ds=None",
        "cloud-init=disabled", "cloud-init=enabled", "cloud-init=disabled cloud-init=enabled", "ci.ds=", "vultr",
        "scaleway",
        "cc:{'datasource_list': ['None']}", "cc:{'datasource_list': ['NoCloud', 'ConfigDrive']} end_cc",
        "cloud-init=perhaps",
    ):  # fmt: skip
        yield cmdline(word)
        yield replace(
            cmdline(word),
            name=f"cmdline {word}, in a container",
            around=Surroundings(cmdline=f"init {word}", virt="lxc"),
        )
    yield image("the marker", etc__cloud__cloudXinitYdisabled=b"")
    yield cmdline("ci.ds=None", etc__cloud__cloudXinitYdisabled=b"")
    yield cmdline(
        "cloud-init=enabled", etc__cloud__cloudXinitYdisabled=b"", etc__cloud__dsXidentifyYcfg=b"policy: enabled\n"
    )
    yield image(
        "both markers",
        etc__cloud__cloudXinitYdisabled=b"",
        etc__cloud__cloudXinitYenabled=b"",
        etc__cloud__dsXidentifyYcfg=b"policy: enabled\n",
    )


KEYS = (
    "datasource_list", "datasource_list", "'datasource_list'", "datasource_list ", "#datasource_list", "NoCloud",
    "MAAS", "users",
)  # fmt: skip
VALUES = (
    "[NoCloud, None]", "[ None ]", "[None]", "[]", "", "[NoCloud]", "NoCloud", "[ConfigDrive, NoCloud, None]",
    "['None']", "[Ec2, ", "{a: b}",
)  # fmt: skip
ENDS = ("\n", "\n", "\n", "\r\n", "", " # why\n", "\t\n", "\\\n")


def _line(chance: random.Random) -> str:
    before, between = chance.choice(("", "", "  ", "\t")), chance.choice((" ", " ", "  ", "", "\t"))
    return f"{before}{chance.choice(KEYS)}:{between}{chance.choice(VALUES)}{chance.choice(ENDS)}"


def generated(count: int) -> Iterator[Case]:
    """Configurations of pieces that people write, and some that nobody would."""
    chance = random.Random(20)
    for number in range(count):
        files = {
            path: "".join(_line(chance) for _ in range(chance.randint(0, 3))).encode()
            for path in (CFG, DROP_IN, "/etc/cloud/cloud.cfg.d/10.cfg", "/etc/cloud/cloud.cfg.d/B.cfg")
            if chance.random() < 0.6
        }
        yield Case(f"generated {number}: {files}", files, replace(BARE, labels=chance.choice([(), ("cidata",)])))


def spelled(case: Case) -> Case:
    """X and Y in a keyword argument's name stand for a dash and a dot."""
    return replace(
        case, files={path.replace("X", "-").replace("Y", "."): content for path, content in case.files.items()}
    )


TABLE = [spelled(case) for case in (*lists(), *policies(), *seeds(), *machines(), *words())]


@pytest.mark.parametrize("kind", ["table", "generated", pytest.param("many", marks=pytest.mark.full)])
def test_every_decision_is_the_scripts_own(
    cloud_init: Oracle, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    cases = TABLE if kind == "table" else list(generated(40 if kind == "generated" else 800))
    version = parse_version(cloud_init.root.version)
    assert version is not None
    differing = []
    for case, theirs in zip(cases, decide(cloud_init, cases, tmp_path / "roots"), strict=True):
        ours = identify(case.files, version, case.around)
        if (ours.enabled, ours.datasources) != (theirs.enabled, theirs.datasources):
            differing.append(f"{case.name}: {theirs.enabled} {theirs.datasources}, not {ours}")
    agree = f"{len(cases) - len(differing)} of {len(cases)} decisions agree"
    with capsys.disabled():
        print(f"\nds-identify {cloud_init.root.version}, {kind}: {agree}")  # noqa: T201  the count is the proof
    assert differing == []
