"""What installers leave in cloud-init's and netplan's configuration."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.cloud import configures_networks
from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "installer-config"
CLOUD = (
    "/etc/cloud/cloud.cfg.d/99-installer.cfg",
    "/etc/cloud/cloud.cfg.d/90-installer-network.cfg",
    "/etc/cloud/cloud.cfg.d/subiquity-disable-cloudinit-networking.cfg",
)
NETPLAN = "/etc/netplan/*.yaml"
MARKER = "/etc/cloud/cloud-init.disabled"


@operation(
    NAME,
    covers="cloud-init and netplan files of Ubuntu's installer, virt-install's marker that turns cloud-init off",
    roots=("/etc/cloud", "/etc/netplan"),
    severity=Severity.ERROR,
)
def plan(view: View) -> Iterator[Change]:
    """Subiquity bakes the installation's user-data, password hash included, into 99-installer.cfg as what cloud-init
    takes when it finds no other data, turns cloud-init's networking off, and writes the network of the machine that was
    installed. All of it goes together; the network only where cloud-init then writes another: nothing else in its
    configuration turns that off, and cloud-init itself is on.

    `virt-install --cloud-init` writes cloud-init.disabled after the first boot: no clone would ever be configured. A
    marker that says nothing about virt-install may be meant, and stays.
    """
    if view.info.cloud_init_version is None:
        return
    yield from view.remove_matching(CLOUD, NAME, "the installation's own data")
    off = [entry for entry in view.find(MARKER) if "virt-install" not in "".join(view.lines(entry.path))]
    spared = [path for path in CLOUD if view.spares(path)]
    if not off and configures_networks(view, without=[path for path in CLOUD if path not in spared]):
        for entry in view.find(NETPLAN):
            lines = view.lines(entry.path) if entry.is_regular else []
            if any(line.startswith("#") and "subiquity" in line for line in lines[:3]):
                yield from view.remove(entry, NAME, "the network of the machine that was installed")
    for entry in view.find(MARKER):
        if entry not in off:
            yield from view.remove(entry, NAME, "keeps cloud-init from configuring clones")
