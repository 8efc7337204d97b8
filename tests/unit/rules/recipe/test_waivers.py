"""GS133: waivers of rules that the audit does not have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldsmith.recipe.load import load
from goldsmith.rules.recipe.lint import lint

Found = Callable[..., list[str]]


@pytest.mark.parametrize("code", ["GS304", "GS310", "GS350"])
def test_rules_of_the_audit_are_known(found: Found, code: str) -> None:
    waived = f"audit: {{waive: [{{rule: {code}, path: /etc/ssl/*, reason: a lab}}]}}\n"
    assert found(waived, code="GS133") == []


@pytest.mark.parametrize("code", ["GS31O", "gs310", "GS401", "GS133"])
def test_others_are_errors_with_their_place(found: Found, code: str) -> None:
    waived = f"audit:\n  waive:\n    - {{rule: {code}, reason: a lab}}\n"
    assert found(waived, code="GS133") == [f"7:14: GS133 error: the audit has no rule {code}"]


def test_the_nearest_code_is_named(tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(
        'name: x\nversion: "1"\nbase: {bootstrap: debian/12}\naudit: {waive: [{rule: gs310, reason: a lab}]}\n'
    )
    (hint,) = (each.hint for each in lint(load(path)) if each.code == "GS133")
    assert hint == "did you mean `GS310`? `goldsmith audit --list` names all"
