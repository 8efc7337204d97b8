"""SSH keys and known hosts of users."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

# Keys that the recipe gave to users are declared, and so spared together with their directory.
removal(
    "ssh-userdir",
    ("~/.ssh",),
    covers="~/.ssh in every home, unless the recipe wrote it",
    reason="keys and known hosts of the build",
    upstream="virt-sysprep ssh-userdir (which also destroys keys given on purpose)",
    severity=Severity.ERROR,
)
