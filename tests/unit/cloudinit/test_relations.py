"""What modules need of each other."""

from __future__ import annotations

from goldsmith.cloudinit.keys import MODULES
from goldsmith.cloudinit.relations import ALONE, RELATIONS, broken, needed_by, needs_of


def test_every_name_is_a_module() -> None:
    named = {name for each in RELATIONS for name in (each.module, each.needs)} | set(ALONE)
    assert named - MODULES == set()


def test_runcmd_without_what_runs_its_script() -> None:
    (lost,) = broken({"runcmd"}, {"runcmd"})
    assert (lost.module, lost.needs) == ("runcmd", "scripts_user")
    assert broken({"runcmd"}, set()) == ()
    assert broken({"runcmd", "scripts_user"}, {"runcmd"}) == ()


def test_both_directions() -> None:
    assert "runcmd" in {each.module for each in needed_by("scripts_user")}
    assert "scripts_user" in {each.needs for each in needs_of("runcmd")}
