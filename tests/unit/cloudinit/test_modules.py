"""Disabling exactly the named modules."""

from __future__ import annotations

import pytest

from goldsmith.cloudinit.effective import effective
from goldsmith.cloudinit.modules import canonical, without
from goldsmith.errors import InputError

CLOUD_CFG = b"""\
cloud_init_modules: [migrator, ssh]
cloud_config_modules: [set-passwords, runcmd, [timezone, once]]
cloud_final_modules:
  - [scripts-user, always, "a b"]
  - {name: final-message, frequency: always}
  - phone-home
"""


def disable(*names: str, more: bytes = b"") -> tuple[str, dict[str, list[object]]]:
    files = {"/etc/cloud/cloud.cfg": CLOUD_CFG + more}
    text = without(effective(files), names)
    after = effective({**files, "/etc/cloud/cloud.cfg.d/99-x.cfg": text.encode()})
    return text, {stage.value: [module.entry for module in modules] for stage, modules in after.modules.items()}


def test_only_that_module_of_that_stage_goes() -> None:
    text, after = disable("runcmd")
    assert text == "cloud_config_modules:\n  - set-passwords\n  - [timezone, once]\n"
    assert after["cloud_init_modules"] == ["migrator", "ssh"]
    assert len(after["cloud_final_modules"]) == 3


def test_entries_keep_their_form() -> None:
    _, after = disable("phone_home")
    assert after["cloud_final_modules"] == [
        ["scripts-user", "always", "a b"],
        {"name": "final-message", "frequency": "always"},
    ]


def test_several_stages_at_once_and_every_spelling() -> None:
    _, after = disable("cc_migrator", "scripts_user", "set-passwords")
    assert after == {
        "cloud_init_modules": ["ssh"],
        "cloud_config_modules": ["runcmd", ["timezone", "once"]],
        "cloud_final_modules": [{"name": "final-message", "frequency": "always"}, "phone-home"],
    }


def test_a_list_that_loses_its_last_module_is_an_empty_list() -> None:
    text, after = disable("migrator", "ssh")
    assert text == "cloud_init_modules: []\n"
    assert after["cloud_init_modules"] == []


def test_a_module_in_no_list_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(InputError, match="module runcmds is in no module list") as caught:
        disable("runcmds")
    assert caught.value.hint == "did you mean runcmd?"


@pytest.mark.parametrize("spelling", ["scripts-user", "scripts_user", "cc_scripts_user", " scripts-user.py "])
def test_one_spelling_for_all(spelling: str) -> None:
    assert canonical(spelling) == "scripts_user"
