"""Users' crontabs and pending at jobs."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "cron-spool"
SPOOLS = ("/var/spool/cron", "/var/spool/at", "/var/spool/atjobs", "/var/spool/atspool")
SEQUENCE = b"00000\n"


@operation(NAME, covers="crontabs of users and pending at jobs", roots=SPOOLS, upstream="virt-sysprep cron-spool")
def plan(view: View) -> Iterator[Change]:
    """Files go, directories stay (daemons do not make them), and at's counter starts again. /etc/cron.* is
    configuration and not looked at; crontabs that the recipe wrote are declared, and so spared.
    """
    for spool in view.find(*SPOOLS):
        for entry in view.index.below(spool.path):
            if entry.name == ".SEQ" and entry.is_regular:
                yield from view.rewrite(entry, SEQUENCE, NAME, "the counter of at jobs")
            elif not entry.is_directory:
                yield from view.remove(entry, NAME, "a job of the build")
