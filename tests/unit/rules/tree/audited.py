"""A clean tree, what a test adds to it, and what all rules of the tree say about it."""

from __future__ import annotations

from pathlib import Path

from tests.golden.trees import make, opened

from goldsmith.findings import Severity
from goldsmith.generalization.generalize import Keep, look, select
from goldsmith.rules.rule import Outcome
from goldsmith.rules.tree.audit import audit, audit_roots, findings
from goldsmith.rules.tree.subject import TreeSubject

CLEAN = """
guest debian
f 0444 /etc/machine-id = ""
f 0644 /etc/passwd = "root:x:0:0:root:/root:/bin/bash\\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\\n"
f 0644 /usr/lib/python3/dist-packages/cloudinit/version.py = '__VERSION__ = "22.4.2"\\n'
f 0644 /boot/grub/grub.cfg = "linux /vmlinuz root=UUID=1 ro\\n"
d 0700 /root
d 0755 /var/lib/cloud
d 0755 /var/log
l /var/run -> /run
l /var/spool/mail -> ../mail
d 2775 /var/mail
d 1777 /tmp
"""


def audited(
    top: Path,
    dirt: str,
    *,
    expression: str = "defaults",
    keep: tuple[Keep, ...] = (),
    declared: frozenset[str] = frozenset(),
    users: frozenset[str] = frozenset(),
) -> list[Outcome]:
    """The outcomes of all rules on a clean tree with some dirt."""
    replaced = {line.split()[2] for line in dirt.splitlines() if line.startswith("f ")}
    lines = [line for line in CLEAN.splitlines() if not any(f" {path} " in line for path in replaced)]
    make(top, "\n".join(lines) + "\n" + dirt)
    operations = select(expression)
    with opened(top) as guest:
        view = look(guest, operations, roots=audit_roots())
        return audit(TreeSubject(view, operations, keep, declared, users))


def told(outcomes: list[Outcome]) -> set[tuple[str, Severity, str]]:
    """Code, severity and path of every finding."""
    return {(found.code, found.severity, str(found.place).partition(":")[0]) for found in findings(outcomes)}
