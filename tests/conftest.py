"""What every test shares: unit tests cannot start processes, and nothing of the user's own folders is touched."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

MAY_START_PROCESSES = ("process", "root", "rootless", "guestfs", "base", "boot")


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
