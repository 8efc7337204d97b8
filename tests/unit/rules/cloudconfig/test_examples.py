"""Every rule of lint finds fault with its own wrong example, and none with the right one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.rules.cloudconfig.configurations import codes, configuration, image

from goldsmith.findings import Severity
from goldsmith.recipe.load import load
from goldsmith.rules import cloudconfig, recipe
from goldsmith.rules.cloudconfig.lint import lint
from goldsmith.rules.cloudconfig.subject import CloudConfig
from goldsmith.rules.recipe.lint import lint as lint_recipe
from goldsmith.rules.rule import Needs, Rule, rules_of

assert cloudconfig
assert recipe
CONFIGURATIONS, RECIPES = rules_of(Needs.CLOUDCONFIG), rules_of(Needs.RECIPE)
HEAD = 'name: web\nversion: "1.0"\nbase: {bootstrap: debian/12}\n'
NAME = "99-ours.cfg"


def in_image(**more: Any) -> Callable[[str], CloudConfig]:
    return lambda text: image({NAME: text}, **more)


def sshd(more: dict[str, str]) -> Callable[[str], CloudConfig]:
    return in_image(around={"/etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n", **more})


# What is around an example that is wrong or right only there: of the wrong one, and of the right one.
AROUND: dict[str, tuple[Callable[[str], CloudConfig], Callable[[str], CloudConfig]]] = {
    "GS605": (in_image(changed=frozenset({"/etc/cloud/cloud.cfg"})), in_image()),
    "GS606": (lambda text: image({"100-ours.cfg": text}), in_image()),
    "GS607": (in_image(around={"/etc/passwd": "debian:x:1000\n"}), in_image(around={"/etc/passwd": "root:x:0\n"})),
    "GS609": (in_image(), in_image()),
    "GS614": (sshd({"/etc/ssh/sshd_config.d/10-lab.conf": "PasswordAuthentication yes\n"}), sshd({})),
    "GS618": (in_image(), in_image()),
    "GS619": (in_image(), in_image()),
    "GS620": (in_image(), in_image(around={"/etc/netplan/10-lan.yaml": "network: {}\n"})),
    "GS622": (
        lambda text: configuration(text, schema={"properties": {"ssh_pwauth": {"type": "boolean"}}}),
        lambda text: configuration(text, schema={"properties": {"ssh_pwauth": {"type": "boolean"}}}),
    ),
}

ALONE = [rule for rule in CONFIGURATIONS if rule.code not in AROUND]


@pytest.mark.parametrize("rule", CONFIGURATIONS, ids=lambda rule: rule.code)
def test_the_wrong_example_of_a_configuration_is_wrong_and_the_right_one_is_not(rule: Rule) -> None:
    wrong, right = AROUND.get(rule.code, (configuration, configuration))
    assert rule.code in codes(wrong(rule.wrong))
    assert rule.code not in codes(right(rule.right))


@pytest.mark.parametrize("rule", ALONE, ids=lambda rule: rule.code)
def test_nothing_at_all_is_wrong_with_a_right_example(rule: Rule) -> None:
    assert [finding for finding in lint(configuration(rule.right)) if finding.severity is not Severity.NOTE] == []


@pytest.mark.parametrize("rule", RECIPES, ids=lambda rule: rule.code)
def test_the_wrong_example_of_a_recipe_is_wrong_and_the_right_one_is_not(rule: Rule, tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(HEAD + rule.wrong)
    assert rule.code in {finding.code for finding in lint_recipe(load(path))}
    path.write_text(HEAD + rule.right)
    assert {finding.code for finding in lint_recipe(load(path)) if finding.severity is not Severity.NOTE} == set()


def test_every_rule_of_lint_says_why_since_when_and_what_is_right() -> None:
    rules = (*CONFIGURATIONS, *RECIPES)
    assert [rule.code for rule in rules if not (rule.why and rule.since and rule.wrong and rule.right)] == []
