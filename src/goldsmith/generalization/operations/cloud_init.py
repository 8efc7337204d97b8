"""What cloud-init knows of the instance that it ran on, and what it configured there."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "cloud-init"
STATE = "/var/lib/cloud"
LOGS = ("/var/log/cloud-init.log*", "/var/log/cloud-init-output.log*")
SSHD = "/etc/ssh/sshd_config.d/50-cloud-init.conf"
SUDOERS = "/etc/sudoers.d/90-cloud-init-users"
FSTAB = "/etc/fstab"
# cc_mounts marks each line that it adds with this option.
MOUNT_MARK = "comment=cloudconfig"


@operation(
    NAME,
    covers="cloud-init's instances, semaphores, caches, baked-in seeds and logs; its sshd, sudo and fstab entries",
    roots=(STATE, "/var/log", SSHD, SUDOERS, FSTAB),
    upstream="cloud-init clean --logs --seed --configs ssh_config fstab",
    severity=Severity.ERROR,
)
def plan(view: View) -> Iterator[Change]:
    """Modules run once per instance-id, and without a seed every machine has the same one (iid-datasource-none, or
    nocloud): with the state of a build that booted, a clone skips users, host keys and packages.

    /var/lib/cloud/instance is an absolute link in every image that booted: it is removed, never followed. A baked-in
    seed goes as well, for its instance-id is the same on all clones; a seed that the recipe wrote is declared, and so
    spared. The sudoers file is written again for the users that a clone gets, and only one that says it is cloud-init's
    goes: a stale one gives root without password to whoever takes the name later.
    """
    yield from view.remove_matching((f"{STATE}/*",), NAME, "an instance that clones would take for their own")
    yield from view.remove_matching(LOGS, NAME, "cloud-init's log of the build")
    yield from view.remove_matching((SSHD,), NAME, "made by cloud-init for another instance")
    for entry in view.find(SUDOERS):
        if any("Created by cloud-init" in line for line in view.lines(entry.path)):
            yield from view.remove(entry, NAME, "made by cloud-init for another instance's user")
    for entry in view.find(FSTAB):
        if entry.is_regular:
            yield from view.keep_lines(
                entry, lambda line: MOUNT_MARK not in line, NAME, "mounts of another instance's disks"
            )
