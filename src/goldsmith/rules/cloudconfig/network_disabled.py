"""GS620: who switches off cloud-init's network configuration brings another."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig

# Where a distribution keeps the network's configuration.
PLACES = (
    "/etc/netplan/", "/etc/NetworkManager/system-connections/", "/etc/systemd/network/", "/etc/network/interfaces",
    "/etc/sysconfig/network-scripts/ifcfg-", "/etc/sysconfig/network/ifcfg-", "/usr/lib/systemd/network/",
)  # fmt: skip
NOTHING = ("/etc/sysconfig/network-scripts/ifcfg-lo", "/etc/sysconfig/network/ifcfg-lo")


@configuration_rule(
    "GS620",
    "a network that is not cloud-init's is the image's own",
    why="`network: {config: disabled}` makes cloud-init write no network configuration, and what the image brings "
    "counts. An image that brings none has clones without a network.",
    since="every version",
    wrong="# in an image without netplan files and the like\nnetwork: {config: disabled}\n",
    right="# in an image with /etc/netplan/10-lan.yaml\nnetwork: {config: disabled}\n",
)
def network_disabled(subject: CloudConfig) -> Iterator[Fault]:
    network = subject.config.get("network")
    place = subject.place("network")
    if subject.image is None or place is None or not isinstance(network, dict) or network.get("config") != "disabled":
        return
    own = [path for path in subject.image.files if path.startswith(PLACES) and path not in NOTHING]
    if not any(_says_something(path, subject.image.files[path]) for path in own):
        yield Fault(
            Severity.WARNING,
            place,
            "cloud-init's network configuration is disabled, and the image brings none: clones have no network",
            "write one (a netplan file, a NetworkManager profile, a .network file), or let cloud-init do it",
        )


def _says_something(path: str, content: bytes) -> bool:
    text = content.decode("utf-8", "replace")
    if path == "/etc/network/interfaces":
        return any(line.split()[:1] == ["iface"] and line.split()[1:2] != ["lo"] for line in text.splitlines())
    return bool(text.strip())
