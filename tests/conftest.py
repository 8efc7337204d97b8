"""What every test shares: unit tests cannot start processes, and nothing of the user's own folders is touched."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from tests.oracle.oracle import Oracle, oracle

from goldsmith.base.base import Base
from goldsmith.base.source import registered
from goldsmith.events import ignore

# No database: the checkout may not be writable for who runs the tests. No deadline: the machine may be busy. The same
# examples each time, so that a run tells of the change that it judges: other ones are drawn by `scripts/test --full`.
ANY_EXAMPLES = "GOLDSMITH_ANY_EXAMPLES"
settings.register_profile("goldsmith", database=None, deadline=None, derandomize=ANY_EXAMPLES not in os.environ)
settings.load_profile("goldsmith")

MAY_START_PROCESSES = ("process", "root", "rootless", "guestfs", "base", "boot")

DOWNLOADING = ("debian12", "debian13", "cloud_init", "cloud_init_22_4", "cloud_init_25_1")
# Seconds for a test that may be the one that makes the base, or waits for another that does.
WITH_BASE = 900


def pytest_configure() -> None:
    """Programs that tests start and interrupt must hear it, also where the tests run behind `&` or nohup."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if set(DOWNLOADING) & set(getattr(item, "fixturenames", ())) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(WITH_BASE))


@pytest.fixture
def agreements(record_property: Callable[[str, object], None]) -> Callable[[int], None]:
    """Told how many cases an oracle and goldsmith agree on; their sum ends the run."""
    return lambda count: record_property("agreements", count)


@pytest.fixture(autouse=True)
def no_processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if any(request.node.get_closest_marker(name) for name in MAY_START_PROCESSES):
        return

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a test without the marker `process` started a process")

    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """XDG folders of this test's own; returns their parent."""
    for name in ("CACHE_HOME", "STATE_HOME", "RUNTIME_DIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        monkeypatch.setenv(f"XDG_{name}", str(folder))
    return tmp_path


@pytest.fixture(scope="session")
def debian12() -> Base:
    """A bootstrapped Debian 12 in the user's own cache, for tests marked `base`: read-only, lay overlays on it."""
    return bootstrapped("debian/12")


@pytest.fixture(scope="session")
def debian13() -> Base:
    """The same of Debian 13."""
    return bootstrapped("debian/13")


def bootstrapped(distro: str) -> Base:
    source = registered()["bootstrap"].model_validate({"bootstrap": distro})
    return source.resolve(folder=Path(), arch="x86_64", offline=False, refresh=False, emit=ignore)


@pytest.fixture(scope="session")
def cloud_init_22_4() -> Iterator[Oracle]:
    """Debian 12's cloud-init, for tests marked `process`."""
    with oracle("22.4") as started:
        yield started


@pytest.fixture(scope="session")
def cloud_init_25_1() -> Iterator[Oracle]:
    """Debian 13's cloud-init, for tests marked `process`."""
    with oracle("25.1") as started:
        yield started


@pytest.fixture(params=["22.4", "25.1"])
def cloud_init(request: pytest.FixtureRequest) -> Oracle:
    """Each of both."""
    started: Oracle = request.getfixturevalue(f"cloud_init_{request.param.replace('.', '_')}")
    return started


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tables that tests made are shown, whichever worker made them, and how often oracles agreed."""
    agreements = 0
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "agreements" and report.when == "call":
                agreements += value
            if name == "table" and report.when == "call":
                terminalreporter.section(report.nodeid.partition("::")[2])
                terminalreporter.write_line(str(value))
    if agreements:
        terminalreporter.write_line(f"goldsmith agrees with cloud-init itself in {agreements} of {agreements} cases")
