"""What the recipe's own checks need of this host, said before anything is made."""

from __future__ import annotations

from goldsmith.recipe.check import Checks
from goldsmith.run import require
from goldsmith.verification.checks.goss import require_goss
from goldsmith.verification.checks.testinfra import require_testinfra

SSH = ("ssh", "ssh-keygen")


def require_for(checks: Checks, *, by_recipe: bool) -> None:
    """Raises HostError for the first thing that is missing. `by_recipe`: a recipe itself asks, not a manifest."""
    require_goss(checks)
    if by_recipe:
        require_testinfra(checks)
    if checks.logging_in:
        for program in SSH:
            require(program)
