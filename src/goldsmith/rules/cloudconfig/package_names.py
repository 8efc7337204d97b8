"""GS618: every package has the name that this distribution gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from goldsmith.findings import Severity, printable
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig

# The names of one thing: by family.
NAMES: Mapping[str, Mapping[str, str]] = {
    "vim-enhanced": {"debian": "vim", "suse": "vim"},
    "bind-utils": {"debian": "bind9-dnsutils"},
    "nfs-utils": {"debian": "nfs-common", "suse": "nfs-client"},
    "iscsi-initiator-utils": {"debian": "open-iscsi", "suse": "open-iscsi"},
    "device-mapper-multipath": {"debian": "multipath-tools", "suse": "multipath-tools"},
    "openssh-clients": {"debian": "openssh-client"},
    "httpd": {"debian": "apache2", "suse": "apache2"},
    "cronie": {"debian": "cron"},
    "procps-ng": {"debian": "procps", "suse": "procps"},
    "iproute": {"debian": "iproute2", "suse": "iproute2"},
    "shadow-utils": {"debian": "passwd", "suse": "shadow"},
    "nmap-ncat": {"debian": "ncat"},
    "xz": {"debian": "xz-utils"},
    "bind9-dnsutils": {"rhel": "bind-utils", "suse": "bind-utils"},
    "dnsutils": {"rhel": "bind-utils", "suse": "bind-utils"},
    "nfs-common": {"rhel": "nfs-utils", "suse": "nfs-client"},
    "open-iscsi": {"rhel": "iscsi-initiator-utils"},
    "multipath-tools": {"rhel": "device-mapper-multipath"},
    "openssh-client": {"rhel": "openssh-clients", "suse": "openssh-clients"},
    "apache2": {"rhel": "httpd"},
    "iproute2": {"rhel": "iproute"},
    "procps": {"rhel": "procps-ng"},
    "xz-utils": {"rhel": "xz", "suse": "xz"},
    "apt-transport-https": {"rhel": "dnf-plugins-core"},
    "build-essential": {"rhel": "gcc make", "suse": "gcc make"},
    "unattended-upgrades": {"rhel": "dnf-automatic"},
    "ufw": {"rhel": "firewalld", "suse": "firewalld"},
    "epel-release": {"debian": "nothing: EPEL is of Enterprise Linux", "suse": "nothing: EPEL is of Enterprise Linux"},
}


@configuration_rule(
    "GS618",
    "every package exists on this distribution",
    why="apt and dnf refuse the whole list for one unknown name: no package of it is installed, on any clone.",
    since="every version",
    wrong="# on Debian\npackages: [vim-enhanced]\n",
    right="# on Debian\npackages: [vim]\n",
)
def package_names(subject: CloudConfig) -> Iterator[Fault]:
    file = subject.setter("packages")
    if file is None or not isinstance(file.value(("packages",)), list):
        return
    for number, name in enumerate(file.value(("packages",))):
        if not isinstance(name, str):
            continue
        bare = name.partition("=")[0]
        other = NAMES.get(bare, {}).get(subject.distro_family or "")
        place = file.place("packages", number)
        if other is not None:
            message = f"{printable(bare)} is not the name of a package on this distribution ({subject.distro_family})"
            yield Fault(Severity.ERROR, place, message, f"its name here: {other}")
