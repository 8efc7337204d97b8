"""What installers leave in cloud-init's and netplan's configuration."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
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
    installed. All of it goes together, and only where cloud-init is there to write a network again.

    `virt-install --cloud-init` writes cloud-init.disabled after the first boot: no clone would ever be configured. A
    marker that says nothing about virt-install may be meant, and stays.
    """
    if view.info.cloud_init_version is None:
        return
    yield from view.remove_matching(CLOUD, NAME, "the installation's own data")
    for entry in view.find(NETPLAN):
        lines = view.lines(entry.path) if entry.is_regular else []
        if any(line.startswith("#") and "subiquity" in line for line in lines[:3]):
            yield from view.remove(entry, NAME, "the network of the machine that was installed")
    for entry in view.find(MARKER):
        if entry.is_regular and "virt-install" in "".join(view.lines(entry.path)):
            yield from view.remove(entry, NAME, "keeps cloud-init from configuring clones")
