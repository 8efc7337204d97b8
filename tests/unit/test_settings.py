from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith import settings
from goldsmith.errors import HostError


def nobody(_: type[Path]) -> Path:
    raise RuntimeError("Could not determine home directory.")


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without HOME and without an entry in passwd, as in many containers."""
    monkeypatch.setattr(Path, "home", classmethod(nobody))
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("homeless")
def test_a_user_without_a_home_is_told_what_to_set() -> None:
    with pytest.raises(HostError, match="no home folder") as told:
        settings.cache_dir()
    assert told.value.hint is not None
    assert "XDG_CACHE_HOME" in told.value.hint


@pytest.mark.usefixtures("homeless")
def test_a_user_without_a_home_may_name_the_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert (settings.cache_dir(), settings.default_pool()) == (
        Path("/cache/goldsmith"),
        Path("/state/goldsmith/images"),
    )


def test_a_relative_folder_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", "/home/user")
    assert settings.cache_dir() == Path("/home/user/.cache/goldsmith")
