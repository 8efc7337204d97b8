"""GS302: no clone inherits an SSH host key."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.operations.ssh_hostkeys import KEYS, NAME
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed, unproven

CODE = "GS302"
EXPECTED = "no SSH host keys"


@rule(
    CODE,
    "SSH host keys",
    needs=Needs.TREE,
    why="Whoever has one clone could pass for all others, and nobody who connects would notice.",
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    if "/etc" not in subject.view.index:
        yield unproven(CODE, "/etc/ssh", EXPECTED, "/etc was not listed")
        return
    keys = [entry for entry in subject.view.find(*KEYS) if not entry.is_directory]
    if not keys:
        yield passed(CODE, "/etc/ssh", EXPECTED, "none")
    for entry in keys:
        why = subject.why_left(NAME, entry.path)
        yield failed(
            CODE,
            entry.path,
            EXPECTED,
            f"{entry.size} bytes",
            "every clone would have this SSH host key" + (f" ({why})" if why else ""),
            hint="select the operation ssh-hostkeys; cloud-init or sshd-keygen makes new keys on each clone",
            severity=Severity.WARNING if why else Severity.ERROR,
        )
