"""The dirty disks, and what each tool makes of them: once for all tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from tests.integration.generalization.beside import Bench, make_bench
from tests.integration.generalization.dirty import Family

from goldsmith.base.base import Base


@pytest.fixture(scope="session", params=list(Family), ids=[family.value for family in Family])
def bench(request: pytest.FixtureRequest, debian12: Base, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Some gigabytes of disks, which go when the family's tests have ended."""
    family: Family = request.param
    folder = tmp_path_factory.mktemp(f"dirty-{family.value}")
    yield make_bench(debian12, family, folder)
    shutil.rmtree(folder)
