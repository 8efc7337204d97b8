"""The command itself, run as a user runs it, with a state folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-c", "from goldsmith.cli.main import main; main()")
TIMEOUT = 600


@dataclass(frozen=True)
class Said:
    """A run of the command: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The line that says what went wrong."""
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.err
        return lines[0].removeprefix("error: ")


Goldsmith = Callable[..., Said]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    state = tmp_path / "state"
    state.mkdir()
    return {**os.environ, "XDG_STATE_HOME": str(state), "TMPDIR": str(_folder(tmp_path / "tmp"))}


@pytest.fixture
def goldsmith(environment: dict[str, str]) -> Goldsmith:
    def run(*words: object, **extra: str) -> Said:
        done = subprocess.run(
            [*COMMAND, *map(str, words)],
            env={**environment, **extra},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def started(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command and does not wait for it."""
    running: list[subprocess.Popen[str]] = []

    def start(*words: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, *map(str, words)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o755)
    return path


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does with the command: no scratch, no temporary file, no mount, no loop stays."""
    yield
    if request.node.get_closest_marker("may_leave"):
        return
    left = [path for path in tmp_path.rglob("*") if path.name.startswith((".goldsmith-", "goldsmith-", ".work-"))]
    assert left == []
    assert [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(tmp_path) in line] == []
