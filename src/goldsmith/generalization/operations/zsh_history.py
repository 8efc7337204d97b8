"""What was typed into zsh."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

removal(
    "zsh-history",
    ("~/.zsh_history", "~/.zhistory", "~/.histfile", "~/.zsh_sessions", "~/.zcompdump*"),
    covers="history and completion dumps of zsh, in every home",
    reason="what was typed while building, passwords included",
    upstream="virt-sysprep zsh-history",
    severity=Severity.ERROR,
)
