"""What the rules over recipes find in a few lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldsmith.findings import HostPlace
from goldsmith.recipe.load import load
from goldsmith.rules.recipe.lint import lint

HEAD = 'name: web\nversion: "1.0"\nbase: {bootstrap: debian/12}\narch: x86_64\n'


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., list[str]]:
    """ "line:column: code severity: message" of each finding; a head of four lines is put before the lines."""

    def find(lines: str, *, head: str = HEAD, code: str = "") -> list[str]:
        path = tmp_path / "web.yaml"
        path.write_text(head + lines)
        shown = []
        for finding in lint(load(path)):
            assert isinstance(finding.place, HostPlace)
            assert finding.hint
            file = "" if finding.place.file == str(path) else f"{Path(finding.place.file).name}:"
            place = f"{file}{finding.place.line}:{finding.place.column}"
            if finding.code.startswith(code) and finding.waived is None:
                shown.append(f"{place}: {finding.code} {finding.severity}: {finding.message}")
        return shown

    return find
