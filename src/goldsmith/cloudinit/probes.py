"""How ds-identify asks each datasource whether it is there.

Source: the functions dscheck_NAME of tools/ds-identify, 22.4.2 to 26.2. What they learn from sockets, tools of a
hypervisor or other operating systems is left out: LXD's socket, VMware's tools, WSL. A guest with those is not one that
goldsmith boots.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from enum import Enum, auto
from fnmatch import fnmatchcase

from goldsmith.cloudinit.effective import CLOUD_CFG, CLOUD_CFG_D
from goldsmith.cloudinit.shell_config import check_config
from goldsmith.cloudinit.surroundings import Surroundings
from goldsmith.cloudinit.version import Version

VAR = "/var/lib/cloud"
# The order in which they are asked where the image lists none; what a version does not know yet is skipped.
DEFAULT_ORDER = (
    "MAAS", "ConfigDrive", "NoCloud", "AltCloud", "Azure", "Bigstep", "CloudSigma", "CloudStack", "DigitalOcean",
    "Vultr", "AliYun", "Ec2", "GCE", "OpenNebula", "OpenStack", "VMware", "OVF", "SmartOS", "Scaleway", "Hetzner",
    "IBMCloud", "Oracle", "Exoscale", "RbxCloud", "UpCloud", "LXD", "NWCS", "Akamai", "WSL", "CloudCIX",
)  # fmt: skip
SINCE: Mapping[str, Version] = {"Akamai": (23, 3), "WSL": (24, 1), "CloudCIX": (24, 4)}
_AZURE = "7783-7084-3265-9085-8269-3286-77"
_OPENSTACK_PRODUCTS = ("OpenStack Nova", "OpenStack Compute")
_OPENSTACK_TAGS = ("OpenTelekomCloud", "SAP CCloud VM", "HUAWEICLOUD", *_OPENSTACK_PRODUCTS)
# DMI fields alone decide about these; a pattern of the shell.
_BY_DMI: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Akamai": (("sys_vendor", "Linode"), ("sys_vendor", "Akamai")),
    "CloudCIX": (("product_name", "CloudCIX"),),
    "CloudSigma": (("product_name", "CloudSigma"),),
    "CloudStack": (("product_name", "CloudStack*"),),
    "DigitalOcean": (("sys_vendor", "DigitalOcean"),),
    "Exoscale": (("product_name", "Exoscale*"),),
    "GCE": (("product_name", "Google Compute Engine"), ("product_serial", "GoogleCloud-*")),
    "Hetzner": (("sys_vendor", "Hetzner"),),
    "NWCS": (("sys_vendor", "NWCS"),),
    "Oracle": (("chassis_asset_tag", "OracleCloud.com"),),
    "SmartOS": (("product_name", "SmartDC*"),),
    "UpCloud": (("sys_vendor", "UpCloud"),),
}


class Answer(Enum):
    """What a probe says."""

    FOUND = auto()
    MAYBE = auto()
    NOT_FOUND = auto()


class Probe:
    """Asks with one image's files, one version and one machine in mind."""

    def __init__(self, files: Mapping[str, bytes], version: Version, around: Surroundings) -> None:
        self._files = files
        self._version = version
        self._around = around

    def ask(self, name: str) -> Answer | None:
        """None for a name that this version's ds-identify does not know."""
        if name not in (*DEFAULT_ORDER, "None") or SINCE.get(name, (0, 0)) > self._version:
            return None
        if name in _BY_DMI:
            return _answer(any(self._dmi(key, pattern) for key, pattern in _BY_DMI[name]))
        check = _CHECKS.get(name)
        return check(self) if check is not None else Answer.NOT_FOUND

    def _dmi(self, key: str, pattern: str) -> bool:
        return not self._around.is_container and fnmatchcase(self._around.dmi_field(key), pattern)

    def _config(self, key: str) -> bool:
        return check_config(self._files, key, self._version) is not None

    def _seed(self, folder: str, *names: str) -> bool:
        return all(f"{VAR}/seed/{folder}/{name}" in self._files for name in names or ("meta-data",))

    def _label(self, *labels: str) -> bool:
        # In a container blkid shows nothing that could be relied on.
        return not self._around.is_container and any(
            fnmatchcase(have, label) for label in labels for have in self._around.labels
        )

    def _word(self, word: str) -> bool:
        return f" {word} " in f" {self._around.cmdline} "

    def nocloud(self) -> Answer:
        before_the_list = self._version < (23, 2) and " ds=nocloud" in f" {self._around.cmdline}"
        if before_the_list or " ds=nocloud" in f" {self._around.dmi_field('product_serial')}":
            return Answer.FOUND
        if any(self._seed(folder, "meta-data", "user-data") for folder in ("nocloud", "nocloud-net")):
            return Answer.FOUND
        if self._label("cidata", "CIDATA"):
            return Answer.FOUND
        if not self._config("NoCloud"):
            return Answer.NOT_FOUND
        inline = self._config("user-data") and self._config("meta-data")
        return _answer(inline or (self._version >= (24, 3) and self._config("seedfrom")))

    def config_drive(self) -> Answer:
        dated = re.compile(rf"(?:/config-drive|{VAR}/seed/config_drive)/openstack/2...-..-../meta_data\.json")
        seeded = any(dated.fullmatch(path) for path in self._files)
        if seeded or self._seed("config_drive", "openstack/latest/meta_data.json"):
            return Answer.FOUND
        return _answer(self._label("CONFIG-2", "config-2"))

    def openstack(self) -> Answer:
        if self.config_drive() is Answer.FOUND:
            return Answer.NOT_FOUND
        tags = _OPENSTACK_TAGS if self._version < (25, 1) else (*_OPENSTACK_TAGS, "Samsung Cloud Platform")
        by_product = any(self._dmi("product_name", name) for name in _OPENSTACK_PRODUCTS)
        if by_product or any(self._dmi("chassis_asset_tag", tag) for tag in tags):
            return Answer.FOUND
        return Answer.NOT_FOUND if self._around.has_dmi else Answer.MAYBE

    def ec2(self) -> Answer:
        if self._seed("ec2", "meta-data", "user-data"):
            return Answer.FOUND
        if self._around.is_container:
            return Answer.NOT_FOUND
        if self._is_ec2():
            return Answer.FOUND
        return Answer.NOT_FOUND if self._ec2_strictness() == "true" else Answer.MAYBE

    def _is_ec2(self) -> bool:
        serial, uuid = self._around.dmi_field("product_serial"), self._around.dmi_field("product_uuid")
        vendor = self._around.dmi_field("sys_vendor")
        if serial.endswith(".brightbox.com") or self._around.dmi_field("chassis_asset_tag").endswith(".zstack.io"):
            return True
        if vendor == "e24cloud" or (vendor == "Tilaa" and self._version >= (26, 1)):
            return True
        if vendor == "3DS Outscale" and self._around.dmi_field("product_name") == "3DS Outscale VM":
            return True
        if self._version < (24, 2):
            return uuid.lower().startswith("ec2") and uuid.lower() == serial.lower()
        # The uuid's first part may be written in the other byte order.
        return re.fullmatch(r"[Ee][Cc]2.*|.*2[0-9a-fA-F][Ee][Cc]", uuid.partition("-")[0]) is not None

    def _ec2_strictness(self) -> str:
        value = None
        for word in self._around.words:
            if word.startswith("ci.datasource.ec2.strict_id="):
                value = word.partition("=")[2] or "true"
        if value is None:
            asked = {
                path: content
                for path, content in self._files.items()
                if path == CLOUD_CFG
                or (
                    posixpath.dirname(path) == CLOUD_CFG_D and re.search(r"[Ee][Cc]2.*\.cfg$", posixpath.basename(path))
                )
            }
            value = check_config(asked, "strict_id", self._version) or "true"
        return value if re.fullmatch(r"true|false|warn|warn,[0-9].*", value) else "true"

    def azure(self) -> Answer:
        if self._dmi("chassis_asset_tag", _AZURE) or self._seed("azure", "ovf-env.xml"):
            return Answer.FOUND
        old = self._version < (23, 4) and self._around.virt == "microsoft"
        return _answer(old and self._label("rd_rdfe_*"))

    def maas(self) -> Answer:
        if self._around.is_container:
            return Answer.NOT_FOUND
        line = self._around.cmdline
        ephemeral = "cloud-config-url=" in line and "iqn.2004-05.com.ubuntu:maas" in line
        return _answer(ephemeral or self._config("MAAS"))

    def lxd(self) -> Answer:
        machine = self._around.virt in {"kvm", "qemu"}
        return _answer(machine and self._around.dmi_field("board_name") == "LXD")

    def aliyun(self) -> Answer:
        return _answer(self._seed("AliYun", "meta-data", "user-data") or self._dmi("product_name", "Alibaba Cloud ECS"))

    def scaleway(self) -> Answer:
        return _answer(self._around.dmi_field("sys_vendor") == "Scaleway" or self._word("scaleway"))

    def vultr(self) -> Answer:
        return _answer(self._dmi("sys_vendor", "Vultr") or self._word("vultr") or "/etc/vultr" in self._files)

    def opennebula(self) -> Answer:
        return _answer(self._seed("opennebula") or self._label("CONTEXT", "CDROM"))

    def rbxcloud(self) -> Answer:
        return _answer(self._label("CLOUDMD", "cloudmd"))

    def bigstep(self) -> Answer:
        return _answer(f"{VAR}/data/seed/bigstep/url" in self._files)

    def ovf(self) -> Answer:
        return _answer(self._seed("ovf", "ovf-env.xml"))

    def ibmcloud(self) -> Answer:
        return _answer(self._around.virt == "xen" and self._label("METADATA", "metadata"))


def _answer(found: bool) -> Answer:  # noqa: FBT001
    return Answer.FOUND if found else Answer.NOT_FOUND


_CHECKS: Mapping[str, Callable[[Probe], Answer]] = {
    "AliYun": Probe.aliyun,
    "Azure": Probe.azure,
    "Bigstep": Probe.bigstep,
    "ConfigDrive": Probe.config_drive,
    "Ec2": Probe.ec2,
    "IBMCloud": Probe.ibmcloud,
    "LXD": Probe.lxd,
    "MAAS": Probe.maas,
    "NoCloud": Probe.nocloud,
    "OVF": Probe.ovf,
    "OpenNebula": Probe.opennebula,
    "OpenStack": Probe.openstack,
    "RbxCloud": Probe.rbxcloud,
    "Scaleway": Probe.scaleway,
    "Vultr": Probe.vultr,
}
