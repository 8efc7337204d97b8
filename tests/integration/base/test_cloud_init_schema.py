"""The schema of the host distribution's cloud-init, fetched for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith import api
from goldsmith.base.cloud_init_schema import cached_schema
from goldsmith.events import ignore


@pytest.mark.process
@pytest.mark.timeout(300)
def test_a_fetched_schema_judges_this_file_and_the_next(own_folders: Path) -> None:
    path = own_folders / "99-a.cfg"
    path.write_text("ssh_pwauth: 3\n")
    assert cached_schema() is None
    assert api.lint(path).findings == ()
    fetched = api.lint(path, fetch_schema=True, emit=ignore)
    assert [finding.code for finding in fetched.findings] == ["GS622"]
    assert api.lint(path).findings == fetched.findings
    assert not list((own_folders / "cache_home" / "goldsmith" / "scratch").glob(".goldsmith-*"))
