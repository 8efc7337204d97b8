"""The recipe's checks of running clones: made once each is ready, kept by the clone's name."""

from __future__ import annotations

from functools import partial

from goldsmith.errors import ProcessError
from goldsmith.machine.driver import Machine
from goldsmith.machine.visit import Visit
from goldsmith.recipe.check import NO_CHECKS, Checks
from goldsmith.rules.check_result import CheckResult, not_seen
from goldsmith.verification.check import MARGIN, Live, look_live

# Seconds, on a host with KVM, for the guest agent to be there: it starts while the boot goes on.
AGENT_SECONDS = 15.0


class LiveChecks:
    """Makes them in every clone that it visits."""

    def __init__(self, checks: Checks) -> None:
        self.checks = checks
        self._results: dict[str, list[CheckResult]] = {}

    def visit(self, speed: float = 1.0) -> Visit | None:
        """None where the recipe asks nothing of a running clone. `speed` is this host's for the machines' driver."""
        if not self.checks.live:
            return None
        seconds = AGENT_SECONDS + sum(each.timeout + MARGIN for each in self.checks.live)
        return Visit(partial(self._pay, speed), seconds / speed)

    def of(self, clone: str) -> tuple[CheckResult, ...]:
        """What was seen in a clone; () where it was never visited."""
        return tuple(self._results.get(clone, ()))

    def _pay(self, speed: float, machine: Machine) -> None:
        results = self._results.setdefault(machine.spec.name, [])
        try:
            with machine.inside(AGENT_SECONDS / speed) as inside:
                for check in self.checks.live:
                    results.extend(look_live(check, Live(inside, speed)))
        except ProcessError as error:
            results.extend(not_seen(each, error.message) for each in self.checks.live)


UNCHECKED = LiveChecks(NO_CHECKS)
