"""The copies that account tools leave of their databases."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

removal(
    "passwd-backups",
    ("/etc/group-", "/etc/gshadow-", "/etc/passwd-", "/etc/shadow-", "/etc/subuid-", "/etc/subgid-"),
    covers="the former version of passwd, shadow, group and their kin",
    reason="holds accounts and password hashes of before",
    upstream="virt-sysprep passwd-backups",
)
