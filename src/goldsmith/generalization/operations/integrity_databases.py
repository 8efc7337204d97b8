"""What integrity checkers remember of the files of the build."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

# Generalizing itself changes what they would compare with; fapolicyd makes its database again when it starts.
removal(
    "integrity-databases",
    (
        "/var/lib/aide/aide.db*",
        "/var/lib/tripwire/*.twd",
        "/var/lib/rkhunter/db/rkhunter.dat*",
        "/var/lib/samhain/samhain_file",
        "/var/lib/fapolicyd/*.mdb",
    ),
    covers="databases of AIDE, Tripwire, rkhunter, Samhain and fapolicyd",
    reason="tells of the build machine's files: every clone would raise false alarms",
)
