"""The database of a Kerberos server."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "kerberos-data"
CONFIGURATION = ("kadm5.acl", "kdc.conf")


@operation(
    NAME,
    covers="the database of a Kerberos server, its configuration spared",
    roots=("/var/kerberos/krb5kdc",),
    upstream="virt-sysprep kerberos-data",
    default=False,
)
def plan(view: View) -> Iterator[Change]:
    """All but kadm5.acl and kdc.conf, as upstream."""
    for entry in view.find("/var/kerberos/krb5kdc/*"):
        if entry.name not in CONFIGURATION:
            yield from view.remove(entry, NAME, "the build's Kerberos realm")
