"""Every rule over a cloud configuration finds fault with its own wrong example, and none with the right one."""

from __future__ import annotations

import pytest
from tests.unit.rules.cloudconfig.configurations import codes, configuration

from goldsmith.findings import Severity
from goldsmith.rules import cloudconfig
from goldsmith.rules.cloudconfig.lint import lint
from goldsmith.rules.rule import Needs, Rule, rules_of

assert cloudconfig
RULES = rules_of(Needs.CLOUDCONFIG)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.wrong], ids=lambda rule: rule.code)
def test_the_wrong_example_is_wrong(rule: Rule) -> None:
    assert rule.code in codes(configuration(rule.wrong))


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.right], ids=lambda rule: rule.code)
def test_nothing_is_wrong_with_the_right_example(rule: Rule) -> None:
    assert [finding for finding in lint(configuration(rule.right)) if finding.severity is not Severity.NOTE] == []


def test_every_rule_says_why_and_since_when() -> None:
    assert [rule.code for rule in RULES if not (rule.why and rule.since)] == []
