"""Crash dumps of kernel and programs."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

removal(
    "crash-data",
    (
        "/var/crash/*",
        "/var/log/dump/*",
        "/var/lib/systemd/coredump/*",
        "/var/lib/systemd/pstore/*",
        "/var/lib/apport/coredump/*",
        "/var/lib/kdump/*",
        "/var/spool/abrt-upload/*",
    ),
    covers="crash dumps of kdump, systemd-coredump, pstore and Apport",
    reason="memory of the build",
    upstream="virt-sysprep crash-data (which knows /var/crash and /var/log/dump)",
    severity=Severity.ERROR,
)
