"""Whether the step begins: a guest whose clones would never run cloud-init has to be asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldsmith.errors import InputError
from goldsmith.events import Event
from goldsmith.guest.open import open_guest
from goldsmith.pipeline.steps.customize import Customized, customize
from goldsmith.recipe.model import Recipe
from goldsmith.rules.recipe.lint import lint

UNDECIDED = """\
name: web
version: "1.0"
arch: x86_64
base: {bootstrap: debian/12}
defaults:
  config: |
    ssh_pwauth: false
"""
DECIDED = UNDECIDED + "    datasource_list: [None]\n"
CLOUD_CFG = "users: [default]\ncloud_init_modules: [users-groups, ssh]\n"
# The header of a program for x86-64: on other machines ds-identify's own policy is another.
PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00" + bytes(44)


@pytest.fixture
def customized(clean: Path, tmp_path: Path, events: list[Event]) -> Callable[[Recipe], Customized]:
    """Performs a recipe's steps on a directory with cloud-init."""
    (clean / "etc/cloud/cloud.cfg.d").mkdir(parents=True)
    (clean / "etc/cloud/cloud.cfg").write_text(CLOUD_CFG)
    (clean / "usr/bin").mkdir(exist_ok=True)
    (clean / "usr/bin/env").write_bytes(PROGRAM)

    def perform(recipe: Recipe) -> Customized:
        with open_guest(clean, engine="tree", scratch=tmp_path) as guest:
            return customize(events.append, guest, recipe, tmp_path)

    return perform


def test_a_base_without_a_datasource_is_refused_before_any_work(
    customized: Callable[[Recipe], Customized], recipe: Callable[..., Recipe], clean: Path
) -> None:
    with pytest.raises(InputError, match="without a seed no clone of this base would run cloud-init") as caught:
        customized(recipe(text=UNDECIDED))
    for choice in ("`datasource: local`", "`datasource: clouds`", "`datasource: as-base`"):
        assert choice in str(caught.value.hint)
    assert list((clean / "etc/cloud/cloud.cfg.d").iterdir()) == []


def test_the_recipes_own_defaults_may_decide_as_lint_says(
    customized: Callable[[Recipe], Customized], recipe: Callable[..., Recipe], clean: Path
) -> None:
    decided = recipe(text=DECIDED)
    assert [finding for finding in lint(decided) if finding.code == "GS120"] == []
    assert customized(decided).said == ("defaults: /etc/cloud/cloud.cfg.d/99-custom-defaults.cfg",)
    assert b"datasource_list: [None]" in (clean / "etc/cloud/cloud.cfg.d/99-custom-defaults.cfg").read_bytes()
