"""The users that cloud-init made on the machine that the image was built on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.accounts import ACCOUNT_ROOTS, people, remove_accounts
from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "cloud-init-user"
SUDOERS = "/etc/sudoers.d/90-cloud-init-users"
MARKER = "/etc/cloud/cloud-init.disabled"
HEAD = re.compile(r"#\s*Created by cloud-init\b")
RULES = re.compile(r"#\s*User rules for (\S+)\s*")


@operation(
    NAME,
    covers="accounts that cloud-init made where the image was built, by the head of its sudoers file",
    roots=(SUDOERS, MARKER, *ACCOUNT_ROOTS),
    severity=Severity.ERROR,
)
def plan(view: View) -> Iterator[Change]:
    """cloud-init writes `# User rules for NAME` for each user that it makes with sudo rights, and makes them again on
    every clone: what stays of the build is a password or a key that opens all clones, in an account that may no longer
    be the one that the configuration names. Without a cloud-init that runs nobody would make them again, and they stay;
    so do people that the recipe made or expects, and those that --keep-user-accounts names.
    """
    if view.info.cloud_init_version is None or MARKER in view.index:
        return
    lines = [line for entry in view.find(SUDOERS) for line in view.lines(entry.path)]
    if not any(map(HEAD.match, lines)):
        return
    made = {found[1] for line in lines if (found := RULES.fullmatch(line.rstrip("\n")))}
    doomed = {
        each.name
        for each in people(view)
        if each.name in made and each.name not in view.users.keep and not (each.home and view.spares(each.home))
    }
    yield from remove_accounts(view, doomed, NAME, "an account that cloud-init made while building")
