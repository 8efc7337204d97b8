"""Mail that waits for users."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

removal(
    "mail-spool",
    ("/var/spool/mail/*", "/var/mail/*"),
    covers="mail of users",
    reason="mail of the build",
    upstream="virt-sysprep mail-spool",
)
