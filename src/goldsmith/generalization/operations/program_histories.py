"""What was typed into programs other than shells, and what they remember of their use."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

removal(
    "program-histories",
    (
        "~/.lesshst",
        "~/.viminfo",
        "~/.viminf*.tmp",
        "~/.vim/.netrwhist",
        "~/.local/share/nvim/shada",
        "~/.local/state/nvim",
        "~/.nano/search_history",
        "~/.local/share/nano",
        "~/.python_history",
        "~/.node_repl_history",
        "~/.irb_history",
        "~/.php_history",
        "~/.mysql_history",
        "~/.mariadb_history",
        "~/.psql_history",
        "~/.sqlite_history",
        "~/.rediscli_history",
        "~/.dbshell",
        "~/.mongodb/mongosh",
        "~/.gdb_history",
        "~/.wget-hsts",
        "~/.local/share/fish/fish_history",
        "~/.local/share/recently-used.xbel",
        "~/.local/share/mc/history",
        "~/.sudo_as_admin_successful",
        "~/.ansible/tmp",
    ),
    covers="histories of editors, pagers, interpreters, database clients and fish, in every home",
    reason="what was typed or opened while building",
    severity=Severity.ERROR,
)
