"""Registration with Red Hat Network or Satellite 5."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

removal(
    "rhn-systemid",
    ("/etc/sysconfig/rhn/systemid", "/etc/sysconfig/rhn/osad-auth.conf"),
    covers="registration with Red Hat Network and Spacewalk",
    reason="one host's registration",
    upstream="virt-sysprep rhn-systemid (rhel only)",
    severity=Severity.ERROR,
)
