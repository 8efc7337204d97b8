"""Membership in a FreeIPA domain."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

removal(
    "ipa-client",
    (
        "/etc/ipa/ca.crt",
        "/etc/ipa/default.conf",
        "/var/lib/ipa-client/sysrestore/*",
        "/var/lib/ipa-client/pki/*",
        "/etc/pki/ca-trust/source/ipa.p11-kit",
        "/etc/pki/ca-trust/source/anchors/ipa-ca.crt",
        "/usr/local/share/ca-certificates/ipa-ca.crt",
    ),
    covers="membership in a FreeIPA domain",
    reason="one host's membership in a domain",
    upstream="virt-sysprep ipa-client",
    severity=Severity.ERROR,
)
