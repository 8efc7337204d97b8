"""What SSSD cached of a directory, password hashes included."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

removal(
    "sssd-db-log",
    (
        "/var/log/sssd/*",
        "/var/lib/sss/db/*",
        "/var/lib/sss/mc/*",
        "/var/lib/sss/secrets/*",
        "/var/lib/sss/keytabs/*",
        "/var/lib/sss/gpo_cache/*",
        "/var/lib/sss/pubconf/known_hosts",
        "/var/lib/sss/pubconf/kdcinfo.*",
        "/var/lib/sss/pubconf/kpasswdinfo.*",
    ),
    covers="caches, secrets and logs of SSSD",
    reason="a directory's accounts, as one host saw them",
    upstream="virt-sysprep sssd-db-log (which leaves mc and secrets)",
    severity=Severity.ERROR,
)
