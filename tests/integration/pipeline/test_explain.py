"""Explaining a disk, and a recipe whose base is at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith import api
from goldsmith.base.base import Base

pytestmark = [pytest.mark.root, pytest.mark.base]

RECIPE = """\
name: base
version: "1.0"
base: {bootstrap: debian/12}
disk: {size: 10G}
datasource: local
defaults:
  config: |
    system_info:
      default_user: {name: admin}
  disable_modules: [runcmd]
"""


def test_a_disk(debian12: Base) -> None:
    explained = api.explain(debian12.disk.path, engine="mount")
    assert explained.kind == "disk"
    assert (explained.version or "").startswith("22.4")
    assert explained.notes == ("no file sets datasource_list: the list that is built in counts",)
    name = explained.effective.values.data["system_info"].data["default_user"].data["name"]
    assert name.data == "debian"
    assert str(name.mark).startswith("/etc/cloud/cloud.cfg:")
    seedless = next(boot for boot in explained.boots if boot.seed.value == "none")
    assert not seedless.runs
    assert explained.effective.problems == ()


def test_a_recipe_lies_over_its_base(debian12: Base, tmp_path: Path) -> None:
    assert debian12.origin == "bootstrap:debian/12"
    (tmp_path / "base.yaml").write_text(RECIPE)
    explained = api.explain(tmp_path / "base.yaml")
    assert not any("not at hand" in note for note in explained.notes)
    _, wins, loses = explained.key_text("system_info.default_user.name")
    assert wins == '  from /etc/cloud/cloud.cfg.d/99-custom-defaults.cfg:2:24: "admin"'
    assert loses.startswith("    over /etc/cloud/cloud.cfg:")
    boot = next(boot for boot in explained.boots if boot.seed.value == "none")
    assert (boot.runs, boot.default_user, boot.reachable) == (True, "admin", False)
    assert "runcmd" not in boot.running()
    assert {"root", "admin"} <= {account.name for account in boot.accounts}
