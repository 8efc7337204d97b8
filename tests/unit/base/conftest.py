"""A cache of the test's own, and the events that were emitted."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith.base.cache import Cache
from goldsmith.events import Event


@pytest.fixture
def cache(own_folders: Path) -> Cache:
    assert own_folders.is_dir()
    return Cache.open()


@pytest.fixture
def events() -> list[Event]:
    return []
