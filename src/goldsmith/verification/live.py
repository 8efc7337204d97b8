"""The recipe's checks of running clones: made once each is ready, kept by the clone's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from goldsmith.errors import HostError, ProcessError
from goldsmith.machine.driver import Machine
from goldsmith.machine.ssh import OneTimeKey, log_in
from goldsmith.machine.visit import Visit
from goldsmith.recipe.check import NO_CHECKS, Checks, LiveCheck
from goldsmith.rules.check_result import CheckResult, not_seen
from goldsmith.verification.check import MARGIN, Live, look_live

# Seconds, on a host with KVM, for the guest agent to be there: it starts while the boot goes on; and for sshd.
AGENT_SECONDS = 15.0
LOGIN_SECONDS = 30.0


class LiveChecks:
    """Makes them in every clone that it visits. `key` opens those that can be asked by SSH; the others are not.
    `recipe_folder` as `goldsmith.verification.check.Live` has it.
    """

    def __init__(self, checks: Checks, key: OneTimeKey | None = None, recipe_folder: Path | None = None) -> None:
        self.checks = checks
        self.key = key
        self.recipe_folder = recipe_folder
        self._results: dict[str, list[CheckResult]] = {}

    def visit(self, speed: float = 1.0) -> Visit | None:
        """None where the recipe asks nothing of a running clone. `speed` is this host's for the machines' driver."""
        if not self.checks.live:
            return None
        seconds = AGENT_SECONDS + sum(each.timeout + MARGIN for each in self.checks.live)
        seconds += LOGIN_SECONDS if self.checks.logging_in else 0
        return Visit(partial(self._pay, speed), seconds / speed)

    def of(self, clone: str) -> tuple[CheckResult, ...]:
        """What was seen in a clone; () where it was never visited."""
        return tuple(self._results.get(clone, ()))

    def _pay(self, speed: float, machine: Machine) -> None:
        results = self._results.setdefault(machine.spec.name, [])
        by_ssh = self.checks.logging_in
        if by_agent := [each for each in self.checks.live if each not in by_ssh]:
            results.extend(_made(by_agent, partial(self._by_agent, machine, speed)))
        if by_ssh and machine.spec.sshd and self.key is not None:
            results.extend(_made(by_ssh, partial(self._by_ssh, machine, self.key, speed)))

    @contextmanager
    def _by_agent(self, machine: Machine, speed: float) -> Iterator[Live]:
        with machine.inside(AGENT_SECONDS / speed) as inside:
            yield Live(inside, speed, self.recipe_folder, machine.spec.folder)

    @contextmanager
    def _by_ssh(self, machine: Machine, key: OneTimeKey, speed: float) -> Iterator[Live]:
        folder, within = key.private.with_name(machine.spec.name), LOGIN_SECONDS / speed
        with machine.way_to_sshd() as way:
            login = log_in(way, key, folder, console=machine.spec.console, within=within, patience=1 / speed)
            yield Live(login, speed, self.recipe_folder, machine.spec.folder)


def _made(checks: Iterable[LiveCheck], entered: Callable[[], AbstractContextManager[Live]]) -> Iterator[CheckResult]:
    """A result for each, also where nothing could get in."""
    try:
        with entered() as live:
            for check in checks:
                yield from look_live(check, live)
    except (ProcessError, HostError) as error:
        yield from (not_seen(each, error.message) for each in checks)


UNCHECKED = LiveChecks(NO_CHECKS)
