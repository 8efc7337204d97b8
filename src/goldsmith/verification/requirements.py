"""What the recipe's own checks need of this host, said before anything is made."""

from __future__ import annotations

from goldsmith.recipe.check import Checks
from goldsmith.run import require
from goldsmith.verification.checks.goss import require_goss

SSH = ("ssh", "ssh-keygen")


def require_for(checks: Checks) -> None:
    """Raises HostError for the first thing that is missing."""
    require_goss(checks)
    if checks.logging_in:
        for program in SSH:
            require(program)
