"""SSH host keys."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "ssh-hostkeys"
# OpenSSH's (keys, public keys and certificates) and dropbear's, its copy for unlocking disks in the initramfs included.
KEYS = ("/etc/ssh/*_host_*", "/etc/dropbear/*_host_key", "/etc/dropbear/initramfs/*_host_key")


@operation(
    NAME,
    covers="host keys and certificates of OpenSSH and dropbear",
    roots=("/etc/ssh", "/etc/dropbear"),
    upstream="virt-sysprep ssh-hostkeys",
    severity=Severity.ERROR,
)
def plan(view: View) -> Iterator[Change]:
    """Who makes new ones: sshd-keygen@ on the RHEL family, cloud-init's ssh module everywhere; on Debian 12 nothing but
    cloud-init does, so a clone whose cloud-init is disabled has an sshd that fails.
    """
    for entry in view.find(*KEYS):
        if not entry.is_directory:
            yield from view.remove(entry, NAME, "clones would share one host identity")
