"""A recipe's text: read within limits, with PyYAML's meaning, and every value with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from goldsmith.errors import InputError, RecipeError
from goldsmith.recipe.document import MAX_BYTES, Document, parse_document, read_document


def parse(text: str) -> Document:
    return parse_document(text.encode(), "r.yaml")


def refusal(content: bytes) -> str:
    with pytest.raises(RecipeError) as caught:
        parse_document(content, "r.yaml")
    (finding,) = caught.value.findings
    return f"{finding.place}: {finding.message}"


def complaints(text: str) -> list[str]:
    return [f"{finding.place}: {finding.message}" for finding in parse(text).problems]


@pytest.mark.parametrize(
    "text",
    [
        "a: no\nb: 0644\nc: 1:30\nd: 1e3\ne: ~\nf: None\ng: 1_000\nh: y\n",
        "a: [1, 2.5, yes, 'yes']\nb:\n  c: |\n    text\n",
        "a: >-\n  folded\n  text\nb: |2\n    kept\n",
        "base: &b {x: 1, y: 2}\nother: {<<: *b, y: 3}\nboth: {<<: [*b, {z: 4, x: 5}]}\n",
        "a: !!str 12\nb: !!int '7'\n",
        "just text",
        "- a\n- b\n",
    ],
)
def test_the_meaning_is_pyyamls(text: str) -> None:
    assert parse(text).value == yaml.safe_load(text)
    assert parse(text).problems == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "r.yaml:1:1: is empty"),
        (b"# only a comment\n\n", "r.yaml:1:1: is empty"),
        (b"a: 1\nb: [1,\n", "r.yaml:3:1: not YAML: expected the node content, but found '<stream end>'"),
        (b"a:\n\tb: 1\n", "r.yaml:2:1: not YAML: found character '\\t' that cannot start any token"),
        (b"a: b: c\n", "r.yaml:1:5: not YAML: mapping values are not allowed here"),
        (b"a: 1\n---\nb: 2\n", "r.yaml:2:1: has more than one YAML document"),
        (b"name: bat\xe9\n", "r.yaml:1:10: not UTF-8 text: byte 0xe9"),
        ("name: x\n".encode("utf-16"), "r.yaml:1:1: not UTF-8 text: byte 0xff"),
        (b"a: 1\nb: \x07\n", "r.yaml:2:4: not YAML: the control character \\x07 may not stand in a file"),
        (b'a: "\\UFFFFFFFF"\n', "r.yaml:1:7: not YAML: a number that YAML does not know"),
        (b"a: *b\n", "r.yaml:1:4: not YAML: found undefined alias 'b'"),
        (b"[" * 100_000, "r.yaml:1:41: nested deeper than 40 levels: this is no recipe"),
        (b"a: &a [*a]\n", "r.yaml:1:4: nested deeper than 40 levels: this is no recipe"),
        (b"a: &a {<<: *a}\n", "r.yaml:1:4: nested deeper than 40 levels: this is no recipe"),
        (b"- a\n" * 50_000, "r.yaml:20000:3: more than 20000 values once aliases are followed: this is no recipe"),
        (b"a" * (MAX_BYTES + 1), "r.yaml:1:1: is larger than 1 MiB: this is no recipe"),
    ],
)
def test_what_is_no_document_is_refused_with_its_place(content: bytes, said: str) -> None:
    assert refusal(content) == said


def test_an_alias_bomb_is_refused_before_it_expands() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "more than 20000 values" in refusal("\n".join(lines).encode())


def test_an_alias_bomb_of_merge_keys_is_refused_before_it_expands() -> None:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 12)]
    assert "more than 20000 values" in refusal("\n".join(lines).encode())


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(200 << 20)
    with pytest.raises(RecipeError) as caught:
        read_document(path)
    assert caught.value.findings[0].message == "is 200 MiB, larger than 1 MiB: this is no recipe"


def test_what_is_no_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no recipe"):
        read_document(tmp_path / "missing.yaml")
    with pytest.raises(InputError, match="is a folder, not a recipe"):
        read_document(tmp_path)
    with pytest.raises(InputError, match="is not a regular file"):
        read_document(Path("/dev/zero"))


def test_duplicate_keys_are_found_at_any_depth() -> None:
    assert complaints("a: 1\nb:\n  - c: {d: 1, e: 2, d: 3}\na: 2\n") == [
        "r.yaml:3:21: `d` is set twice, first in line 3",
        "r.yaml:4:1: `a` is set twice, first in line 1",
    ]
    assert parse("a: 1\na: 2\n").value == {"a": 2}


def test_a_merged_key_is_no_duplicate() -> None:
    assert complaints("x: &x {a: 1}\ny: {<<: *x, a: 2}\n") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 2026-01-01\n", "r.yaml:1:4: YAML reads 2026-01-01 as a date"),
        ("no: 1\n", "r.yaml:1:1: the key `no` is a truth value (true or false)"),
        ("1: x\n", "r.yaml:1:1: the key `1` is a number"),
        ("a: {b}: c\n", None),
        ("{[a]: b}\n", "r.yaml:1:2: a key must be text"),
        ("a: !!python/object:os.system x\n", "r.yaml:1:4: the YAML tag python/object:os.system is not used in recipes"),
        ("a: !mine x\n", "r.yaml:1:4: the YAML tag !mine is not used in recipes"),
        ("a: !!int x\n", "r.yaml:1:4: `x` is no number"),
        ("a: =\n", "r.yaml:1:4: `=` has a meaning of its own in YAML"),
        ('a: "\\ud800"\n', "r.yaml:1:4: half of a character (a lone surrogate)"),
        ("a: {<<: 1}\n", "r.yaml:1:9: `<<` merges mappings only"),
    ],
)
def test_what_yaml_can_say_and_a_recipe_cannot(text: str, said: str | None) -> None:
    if said is None:
        assert "not YAML" in refusal(text.encode())
    else:
        assert complaints(text) == [said]


def test_places_of_keys_and_values() -> None:
    document = parse("# recipe\na:\n  b: [x, {c: d}]\n")
    assert str(document.place(("a", "b", 1, "c"))) == "r.yaml:3:14"
    assert str(document.place(("a", "b", 1, "c"), key=True)) == "r.yaml:3:11"
    assert str(document.place(("a", "b", 0))) == "r.yaml:3:7"
    assert str(document.place(("a", "b", 7, "nowhere"))) == "r.yaml:3:6"
    assert document.written(("a", "b", 0)) == "x"


def test_the_first_of_two_equal_keys_leaves_no_places() -> None:
    document = parse("a: {b: 1}\na: {c: 2}\n")
    assert str(document.place(("a", "b"))) == "r.yaml:2:4"


def test_columns_count_characters_and_lines_end_at_line_feeds() -> None:
    document = parse("ä: ö\r\nü: [é, x]\r\n")
    assert str(document.place(("ü", 1))) == "r.yaml:2:8"


def test_a_byte_order_mark_moves_nothing() -> None:
    document = parse_document(b"\xef\xbb\xbfa: 1\n", "r.yaml")
    assert document.value == {"a": 1}
    assert str(document.place(("a",))) == "r.yaml:1:4"
    assert refusal(b"\xef\xbb\xbfa: \xe9\n") == "r.yaml:1:4: not UTF-8 text: byte 0xe9"


def test_a_place_inside_a_literal_block_is_exact() -> None:
    document = parse("defaults:\n  config: |  # comment\n    users:\n      - name: x\n\n    last: 1\n")
    loc = ("defaults", "config")
    assert str(document.place_in_text(loc, 1)) == "r.yaml:3:5"
    assert str(document.place_in_text(loc, 2, 5)) == "r.yaml:4:9"
    assert str(document.place_in_text(loc, 4)) == "r.yaml:6:5"
    assert str(document.place_in_text(loc, 99)) == "r.yaml:2:11"


def test_a_place_inside_other_text_is_the_texts() -> None:
    document = parse('a: "one\\ntwo"\nb: >\n  folded\n  text\n')
    assert str(document.place_in_text(("a",), 2)) == "r.yaml:1:4"
    assert str(document.place_in_text(("b",), 1)) == "r.yaml:2:4"
