"""Databases, secrets and logs of Samba."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "samba-db-log"


@operation(
    NAME,
    covers="Samba's databases, machine secrets and logs",
    roots=("/var/log/samba", "/var/lib/samba"),
    upstream="virt-sysprep samba-db-log",
    severity=Severity.ERROR,
)
def plan(view: View) -> Iterator[Change]:
    """secrets.tdb holds the machine account and its SID. Directories (private, usershares, printers) have owners and
    modes that smbd relies on: they stay.
    """
    yield from view.remove_files(("/var/log/samba", "/var/lib/samba"), NAME, "one host's domain secrets and state")
