"""What was typed into shells."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

removal(
    "bash-history",
    ("~/.bash_history", "~/.bash_history-*.tmp", "~/.sh_history", "~/.ash_history", "~/.ksh_history", "~/.history"),
    covers="histories of bash and of the other Bourne shells, in every home of passwd and in /home",
    reason="what was typed while building, passwords included",
    upstream="virt-sysprep bash-history (which looks into /root and /home only)",
    severity=Severity.ERROR,
)
