"""How a package manager identifies this installation to its mirrors."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

# dnf's countme cookies tell the age of an installation: a clone is a new one.
removal(
    "yum-uuid",
    ("/var/lib/yum/uuid", "/var/lib/dnf/repos/*/countme", "/var/lib/zypp/AnonymousUniqueId"),
    covers="yum's UUID, dnf's countme cookies, zypper's anonymous id",
    reason="identifies one installation to the mirrors",
    upstream="virt-sysprep yum-uuid (yum only)",
)
