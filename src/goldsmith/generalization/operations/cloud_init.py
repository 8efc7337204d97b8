"""What cloud-init knows of the instance that it ran on, and what it configured there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.cloud import STATE, logs, state_elsewhere
from goldsmith.generalization.operation import Remark, operation
from goldsmith.generalization.scripts import CLEAN_D
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "cloud-init"
LOGS = ("/var/log/cloud-init.log*", "/var/log/cloud-init-output.log*")
SSHD = "/etc/ssh/sshd_config.d/50-cloud-init.conf"
SUDOERS = "/etc/sudoers.d/90-cloud-init-users"
FSTAB = "/etc/fstab"
# cc_mounts marks each line that it adds with this option.
MOUNT_MARK = "comment=cloudconfig"
# What cloud-init keeps in its directory: all that is taken for its own where a configuration names another directory.
PARTS = ("data", "handlers", "instance", "instances", "scripts", "seed", "sem")
ROTATED = re.compile(r"[.-].+|~")


def _further(view: View) -> Iterator[str]:
    """The directory and the logs that the guest's configuration names, the logs with what lies beside them."""
    elsewhere = state_elsewhere(view)
    if elsewhere is not None:
        yield elsewhere
    for log in logs(view):
        if not log.startswith("/var/log/"):
            yield log
            yield from (f"{log}{suffix}" for suffix in (".1", ".1.gz", ".2.gz", ".3.gz", ".4.gz", ".old"))


def _remarks(view: View) -> Iterator[Remark]:
    """clean.d: what packages want to be run by `cloud-init clean`."""
    for entry in view.find(f"{CLEAN_D}/*"):
        if entry.is_regular and entry.mode & 0o111:
            message = (
                "`cloud-init clean` would run it; --run-clean-scripts (`clean_scripts` in a recipe) does, in the guest"
            )
            yield Remark(NAME, entry.path, message)


@operation(
    NAME,
    covers="cloud-init's instances, semaphores, caches, baked-in seeds and logs, in the places that its configuration "
    "names; its sshd, sudo and fstab entries",
    roots=(STATE, "/var/log", "/etc/cloud", SSHD, SUDOERS, FSTAB),
    upstream="cloud-init clean --logs --seed --configs ssh_config fstab",
    severity=Severity.ERROR,
    further=_further,
    remarks=_remarks,
)
def plan(view: View) -> Iterator[Change]:
    """Modules run once per instance-id, and without a seed every machine has the same one (iid-datasource-none, or
    nocloud): with the state of a build that booted, a clone skips users, host keys and packages.

    /var/lib/cloud/instance is an absolute link in every image that booted: it is removed, never followed. A baked-in
    seed goes as well, for its instance-id is the same on all clones; a seed that the recipe wrote is declared, and so
    spared. The sudoers file is written again for the users that a clone gets, and only one that says it is cloud-init's
    goes: a stale one gives root without password to whoever takes the name later. `system_info.paths.cloud_dir`,
    `def_log_file` and `output` are followed out of the usual places, but into none of the system's own. Scripts of
    clean.d are named, and run only on request.
    """
    yield from view.remove_matching((f"{STATE}/*",), NAME, "an instance that clones would take for their own")
    yield from _state_elsewhere(view)
    yield from view.remove_matching(LOGS, NAME, "cloud-init's log of the build")
    yield from _logs_elsewhere(view)
    yield from view.remove_matching((SSHD,), NAME, "made by cloud-init for another instance")
    for entry in view.find(SUDOERS):
        if any("Created by cloud-init" in line for line in view.lines(entry.path)):
            yield from view.remove(entry, NAME, "made by cloud-init for another instance's user")
    for entry in view.find(FSTAB):
        if entry.is_regular:
            yield from view.keep_lines(
                entry, lambda line: MOUNT_MARK not in line, NAME, "mounts of another instance's disks"
            )


def _state_elsewhere(view: View) -> Iterator[Change]:
    named = state_elsewhere(view)
    directory = view.index.get(named) if named is not None else None
    if directory is not None and directory.is_directory:
        for entry in view.index.children(directory.path):
            if entry.name in PARTS:
                yield from view.remove(entry, NAME, "an instance that clones would take for their own")


def _logs_elsewhere(view: View) -> Iterator[Change]:
    """Logs that the configuration names, with the older ones that logrotate left; a device or a FIFO is no log."""
    for log in logs(view):
        parent, name = posixpath.split(log)
        directory = view.index.get(parent)
        for entry in view.index.children(parent) if directory is not None and directory.is_directory else ():
            rest = entry.name.removeprefix(name)
            own = entry.name.startswith(name) and (not rest or ROTATED.fullmatch(rest))
            if own and entry.is_regular:
                yield from view.remove(entry, NAME, "cloud-init's log of the build")
