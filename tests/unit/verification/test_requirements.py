"""What checks need of this host is asked for before anything boots."""

from __future__ import annotations

import pytest

from goldsmith.errors import HostError
from goldsmith.recipe.check import NO_CHECKS, Asked, Checks, CommandCheck
from goldsmith.verification import requirements

COMMAND = CommandCheck("true", ("/bin/sh", "-c", "true"))


def missing(program: str) -> None:
    raise HostError(f"{program} is not installed")


def test_only_who_logs_in_needs_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "require", missing)
    requirements.require_for(NO_CHECKS, by_recipe=True)
    requirements.require_for(Checks(commands=(COMMAND,)), by_recipe=True)
    requirements.require_for(Checks(by=Asked.SSH), by_recipe=True)
    with pytest.raises(HostError, match="ssh is not installed"):
        requirements.require_for(Checks(commands=(COMMAND,), by=Asked.SSH), by_recipe=True)
