"""The host's Kerberos keys."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

removal(
    "kerberos-hostkeytab",
    ("/etc/krb5.keytab",),
    covers="/etc/krb5.keytab",
    reason="one host's Kerberos keys",
    upstream="virt-sysprep kerberos-hostkeytab",
    severity=Severity.ERROR,
)
