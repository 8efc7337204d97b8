"""GS321: the image is a member of no domain.

Keytabs and the databases of a domain's join hold the machine's own keys. What the operations for Kerberos, IPA, Samba
and SSSD know is removed by them; other keytabs, of services and users, are told here.
"""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, leaked, passed

CODE = "GS321"
EXPECTED = "no keytabs"
PLACES = (
    "/etc/*.keytab",
    "/etc/*/*.keytab",
    "/etc/*/*/*.keytab",
    "/etc/keytabs/*",
    "/var/lib/*/*.keytab",
    "/var/lib/*/*/*.keytab",
    "/var/kerberos/krb5/user/*/*.keytab",
    "/var/lib/samba/private/secrets.tdb",
    "/var/lib/samba/private/secrets.ldb",
    "/var/lib/sss/secrets/*",
    "/opt/*/*.keytab",
    "/srv/*.keytab",
    "~/*.keytab",
    "~/.*.keytab",
)


@rule(
    CODE,
    "keytabs",
    needs=Needs.TREE,
    why="A keytab is a machine's password: with it every clone is the same member of the domain.",
    roots=("/etc", "/var/kerberos", "/var/lib/samba/private", "/var/lib/sss/secrets", "/opt", "/srv"),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    keytabs = list(subject.files(*PLACES))
    for entry in keytabs:
        message = "keys of a member of a domain are in the image"
        hint = "join the domain on each clone, never in the build"
        yield leaked(subject, CODE, entry.path, EXPECTED, f"{entry.size} bytes", message, hint=hint)
    if not keytabs:
        yield passed(CODE, "/etc", EXPECTED, "none")
