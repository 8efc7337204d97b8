"""SSH keys and known hosts of users."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "ssh-userdir"
REASON = "keys and known hosts of the build"


@operation(
    NAME,
    covers="what is in ~/.ssh in every home, unless the recipe wrote it",
    roots=(),
    upstream="virt-sysprep ssh-userdir (which also destroys keys given on purpose)",
    severity=Severity.ERROR,
)
def plan(view: View) -> Iterator[Change]:
    """Keys that the recipe gave to users are declared, and so spared. The directory stays: Debian's base-files ships
    root's, and its mode is what sshd insists on.
    """
    for entry in view.find("~/.ssh"):
        if entry.is_directory:
            yield from view.empty(entry, NAME, REASON)
        else:
            yield from view.remove(entry, NAME, REASON)
