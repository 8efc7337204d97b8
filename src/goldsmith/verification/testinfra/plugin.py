"""testinfra's way into a clone, as a plugin of the pytest that goldsmith starts (`python -m pytest -p` this module).

Imported nowhere else: it needs testinfra.
"""

from __future__ import annotations

import os
from functools import cache
from multiprocessing.connection import Connection
from typing import Any

import pytest
import testinfra.backend
from testinfra.backend.base import BaseBackend, CommandResult

from goldsmith.verification.testinfra.line import HOST, SCHEME, VARIABLE, Came, Command, Told, ask, tell

# Characters of a reason.
MOST = 1000


class CloneBackend(BaseBackend):  # type: ignore[misc]  # testinfra has no types
    """Runs commands as the clone's root, by whatever way goldsmith has into it."""

    NAME = SCHEME

    def __init__(self, hostname: str, *_: Any, sudo: bool = False, sudo_user: str | None = None, **__: Any) -> None:
        super().__init__(hostname, sudo, sudo_user)
        # What goldsmith's commands see as their locale: testinfra would start Python in the clone to ask.
        self._encoding = "utf-8"

    def run(self, command: str, *args: str, **_: Any) -> CommandResult:
        """Raises RuntimeError for a command that does not end, or prints more than is kept."""
        words = self.get_command(command, *args)
        ended = ask(_line(), Command(words))
        if ended.status is None:
            raise RuntimeError(f"it did not end in time: {words}")
        if ended.cut:
            raise RuntimeError(f"it printed more than is kept: {words}")
        return self.result(ended.status, self.encode(words), ended.stdout, ended.stderr)


testinfra.backend.BACKENDS[CloneBackend.NAME] = f"{__name__}.{CloneBackend.__name__}"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Tell of each test once, and of what goes wrong before or after it."""
    if report.when == "call" or not report.passed:
        tell(_line(), Told(named(report.nodeid), _came(report), _why(report)))


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Tell of a file that cannot be read, or that skips itself."""
    if not report.passed:
        came = Came.BROKEN if report.failed else Came.SKIPPED
        tell(_line(), Told(report.nodeid, came, _why(report)))


def named(test: str) -> str:
    """Pytest's id of a test without the clone, which is among its parameters."""
    return test.replace(f"[{HOST}]", "").replace(f"{HOST}-", "").replace(f"-{HOST}", "")


def _came(report: pytest.TestReport) -> Came:
    # One that its author marked with xfail comes out as skipped, or as passed.
    if report.passed or hasattr(report, "wasxfail"):
        return Came.PASSED
    return Came.FAILED if report.failed else Came.SKIPPED


def _why(report: pytest.TestReport | pytest.CollectReport) -> str:
    said = report.longrepr
    if isinstance(said, tuple):
        return str(said[2]).removeprefix("Skipped: ")[:MOST]
    crash = getattr(said, "reprcrash", None)
    lines = (crash.message if crash is not None else report.longreprtext).strip().splitlines()
    return str(lines[0 if crash is not None else -1])[:MOST] if lines else ""


@cache
def _line() -> Connection:
    return Connection(int(os.environ[VARIABLE]))
