"""Cloud-init's built-in defaults, which lie below every file, by its version.

Source: cloudinit/settings.py (CFG_BUILTIN) of 22.4 to 26.2. The oldest table also stands for what is older, the newest
for what is newer.
"""

from __future__ import annotations

from typing import Any

from goldsmith.cloudinit.version import NEWEST, Version

# Where a distribution's package replaces them, the image's own files do it: nothing else is compiled in.
_FIRST = ("NoCloud", "ConfigDrive", "LXD", "OpenNebula", "DigitalOcean", "Azure", "AltCloud")
_MIDDLE = (
    "OVF", "MAAS", "GCE", "OpenStack", "AliYun", "Vultr", "Ec2", "CloudSigma", "CloudStack", "SmartOS", "Bigstep",
    "Scaleway", "Hetzner", "IBMCloud", "Oracle", "Exoscale", "RbxCloud", "UpCloud",
)  # fmt: skip
AKAMAI_SINCE, WSL_SINCE, CLOUDCIX_SINCE = (23, 3), (24, 1), (24, 4)
DOCS_DIR_SINCE = (24, 2)
VMWARE_EARLY_SINCE = (25, 1)


def builtin_datasources(version: Version | None) -> tuple[str, ...]:
    """The list that is walked where no file sets `datasource_list`; the newest one where the version is not known."""
    known = version or NEWEST
    early = ("VMware",) if known >= VMWARE_EARLY_SINCE else ()
    late = () if early else ("VMware",)
    newer = (
        name
        for name, since in (("Akamai", AKAMAI_SINCE), ("WSL", WSL_SINCE), ("CloudCIX", CLOUDCIX_SINCE))
        if known >= since
    )
    return (*_FIRST, *early, *_MIDDLE, *late, "NWCS", *newer, "None")


def builtin_config(version: Version | None) -> dict[str, Any]:
    """The whole of the built-in defaults, a new dictionary each time."""
    docs = {"docs_dir": "/usr/share/doc/cloud-init/"} if (version or NEWEST) >= DOCS_DIR_SINCE else {}
    paths = {"cloud_dir": "/var/lib/cloud", **docs, "templates_dir": "/etc/cloud/templates/"}
    return {
        "datasource_list": list(builtin_datasources(version)),
        "def_log_file": "/var/log/cloud-init.log",
        "log_cfgs": [],
        "syslog_fix_perms": ["syslog:adm", "root:adm", "root:wheel", "root:root"],
        "system_info": {"paths": paths, "distro": "ubuntu", "network": {"renderers": None}},
        "vendor_data": {"enabled": True, "prefix": []},
        "vendor_data2": {"enabled": True, "prefix": []},
    }
