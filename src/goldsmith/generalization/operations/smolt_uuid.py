"""The hardware profile that Smolt registered."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

removal(
    "smolt-uuid",
    ("/etc/sysconfig/hw-uuid", "/etc/smolt/uuid", "/etc/smolt/hw-uuid"),
    covers="Smolt's hardware UUID",
    reason="identifies one machine",
    upstream="virt-sysprep smolt-uuid",
    severity=Severity.ERROR,
)
