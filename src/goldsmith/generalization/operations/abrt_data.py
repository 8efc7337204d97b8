"""Crash reports that ABRT collected."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

removal(
    "abrt-data",
    ("/var/spool/abrt/*", "/var/lib/abrt/*"),
    covers="crash reports of ABRT",
    reason="a crash of the build, with its memory",
    upstream="virt-sysprep abrt-data",
)
