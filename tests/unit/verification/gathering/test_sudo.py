"""Which rules sudo takes; of those that are not of the plain form the real visudo is asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.unit.verification.gathering.conftest import opened

from goldsmith.rules.system import SudoFile
from goldsmith.verification.gathering import sudo
from goldsmith.verification.gathering.sudo import sudo_file

NAME = "etc/sudoers.d/90-cloud-init-users"
HEAD = "# Created by cloud-init v. 22.4.2 on Sun, 29 Nov 2026 00:47:42 +0000\n\n# User rules for debian\n"
PLAIN = [
    "debian ALL=(ALL) NOPASSWD:ALL",
    "ops ALL=(ALL:ALL) ALL",
    "%wheel ALL=(root) NOPASSWD: /usr/bin/systemctl restart nginx, /usr/bin/id",
    "joe ALL = NOPASSWD: SETENV: /usr/bin/apt-get update",
    "a.b-c@corp ALL=(ALL) ALL",
]
BROKEN = [
    "debian ALL=(ALL NOPASSWD:ALL",
    "debian ALL=(ALL) NOPASSWD:",
    "debian ALL(ALL) ALL",
    "debian",
    "debian ALL=(ALL) NOPASSWD:systemctl",
]


def seen(root: Path, rules: list[str], mode: int = 0o440) -> SudoFile:
    with opened(root, {NAME: HEAD + "\n".join(rules) + "\n"}):
        (root / NAME).chmod(mode)
    with opened(root, {}) as tree:
        found = sudo_file(tree)
    assert found is not None
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="the file has to be root's")
@pytest.mark.parametrize("rule", PLAIN)
def test_a_plain_rule_needs_no_visudo(root: Path, rule: str) -> None:
    assert seen(root, [rule]) == SudoFile(f"/{NAME}", (rule,))


@pytest.mark.process
@pytest.mark.parametrize("rule", PLAIN)
def test_visudo_takes_what_counts_as_plain(rule: str) -> None:
    assert sudo._ask_visudo(f"{HEAD}{rule}\n", rule) == (None, None)


@pytest.mark.process
@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_what_visudo_says(root: Path, rule: str) -> None:
    assert sudo._PLAIN.fullmatch(rule) is None
    problem, unproven = sudo._ask_visudo(f"{HEAD}{rule}\n", rule)
    assert problem is not None
    assert problem.startswith("visudo: ")
    assert str(root) not in problem
    assert unproven is None


@pytest.mark.skipif(os.geteuid() != 0, reason="the file has to be root's")
def test_files_that_a_rule_names_are_not_opened_on_the_host(root: Path) -> None:
    found = seen(root, ["@include /etc/shadow"])
    assert (found.problem, found.unproven) == (None, "it names other files: @include /etc/shadow")


@pytest.mark.skipif(os.geteuid() != 0, reason="the file has to be root's")
def test_a_file_that_others_can_write_is_refused(root: Path) -> None:
    assert seen(root, PLAIN, 0o666).problem == "others can write it (mode 0666)"


def test_no_file_is_none(root: Path) -> None:
    with opened(root, {}) as tree:
        assert sudo_file(tree) is None
