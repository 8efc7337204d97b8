"""How one file is read: libyaml is only given what it reads as PyYAML does, and nothing is read without a bound."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from goldsmith.cloudinit import document
from goldsmith.cloudinit.document import MAX_VALUES, Effect, read

PIECES = st.sampled_from(
    (
        "a", "b:", "key: v", "- x", "- a: 1", "  ", "- ", "x y", "[a, b]", "[a,b,]", "[,]", "[a b, -c]", "'q'", '"q"',
        "# c", "0644", "yes", "1.5", "=", "a.b", "-", "--", "---", "...", "-x", "--- a", "a=b", "[]", "'a: b'",
        '"a # b"', "k:", "k: [a, b]", "/x/y", "k: 'a'", "- 'a'", "a-", "+1", "1_0", ".", " a", " #x", "x #y", "k: =",
        "[--- a]", "[...]", "a  b", "k:  v", "2026-01-02", "k: ''", '- ""', "~", "a: b: c", "k:v", "?", "&a", "*a",
    )
)  # fmt: skip
LINES = st.builds(
    lambda indent, first, second, end: f"{' ' * indent}{first}{second}{end}",
    st.sampled_from((0, 0, 0, 1, 2, 2, 4)),
    PIECES,
    st.just("") | PIECES.map(lambda piece: f" {piece}"),
    st.sampled_from(("\n", "\n", "\n\n", "")),
)


def shape(node: yaml.Node | None) -> Any:
    if node is None:
        return None
    place = (node.start_mark.line, node.start_mark.column)
    if isinstance(node, yaml.ScalarNode):
        return (node.tag, node.value, node.style, place)
    if isinstance(node, yaml.SequenceNode):
        return (node.tag, [shape(child) for child in node.value], place)
    return (node.tag, [(shape(key), shape(value)) for key, value in node.value], place)


def composed(loader: Any) -> Any:
    try:
        return shape(document._as_pythons(document._composed(loader)))
    except yaml.YAMLError:
        return "not YAML"


@pytest.mark.skipif(document._LIBYAML is None, reason="this PyYAML has no libyaml")
@settings(max_examples=600)
@given(st.lists(LINES, max_size=6).map("".join))
def test_libyaml_and_pyyaml_agree_on_what_is_simple(text: str) -> None:
    if document._is_simple(text):
        assert document._LIBYAML is not None
        assert composed(document._LIBYAML(text)) == composed(yaml.SafeLoader(text))


@pytest.mark.parametrize(
    ("text", "simple"),
    [
        (
            "# drop-in\nsystem_info:\n  default_user:\n    name: admin\n    groups: [adm, wheel]\nssh_pwauth: false\n",
            True,
        ),
        ('sudo: ["ALL=(ALL) NOPASSWD:ALL"]\n', False),
        ("a: 'x: y'\n", True),
        ("a: &x 1\n", False),
        ("a: b: c\n", False),
        ("a:\t1\n", False),
        ("a: 1\r\n", False),
        ("a: é\n", False),
        ("a: |\n  x\n", False),
        ("- - a\n", False),
        ("[[a]]\n", False),
        (" " * 41 + "a: 1\n", False),
    ],
)
def test_what_is_simple(text: str, *, simple: bool) -> None:
    assert document._is_simple(text) is simple


@pytest.mark.parametrize(
    "content",
    [b"a: [" + b"1, " * 300_000 + b"]", b"- " * 200_000, b"{a: " * 100_000, b"[" * 500_000, b"a: b\n" * 150_000],
    ids=("list", "sequences", "mappings", "brackets", "keys"),
)
def test_a_large_file_is_given_up_early(content: bytes) -> None:
    started = time.process_time()
    (problem, *_) = read("x", content).problems
    assert "too large to be meant" in problem.message
    assert time.process_time() - started < 10
    assert len(content) > MAX_VALUES


@pytest.mark.parametrize("tag", ["!!int ''", "!!float ''", "!!bool maybe", "!!timestamp never", "!!int _"])
def test_what_pyyaml_itself_fails_on_kills_cloud_init(tag: str) -> None:
    (problem,) = read("x", f"a: {tag}\n".encode()).problems
    assert problem.effect is Effect.FATAL


def test_a_problem_has_its_line_and_column() -> None:
    (problem,) = read("x", b"a: 1\nb: 2\n  a: 3\n").problems
    assert (problem.line, problem.column) == (3, 4)
