"""Every value knows where it stands and what it won over: values that carry the name of their own place prove it."""

from __future__ import annotations

from collections.abc import Iterator

import yaml
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.cloudinit.effective import CLOUD_CFG, CLOUD_CFG_D, effective
from goldsmith.cloudinit.located import Mark, Value, assuming, jsonable, plain, walk

KEYS = st.sampled_from(["a", "b", "c", "d e", "f/g", "h~i", "10"])
SHAPES = st.recursive(
    st.just(None),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(KEYS, children, max_size=3),
    max_leaves=6,
)
FILES = st.dictionaries(
    st.sampled_from(["/etc/cloud/cloud.cfg", *(f"{CLOUD_CFG_D}/{name}.cfg" for name in ("10", "20", "9", "Z", "a"))]),
    st.dictionaries(KEYS, SHAPES, max_size=4),
    min_size=1,
)


def written(path: str, shape: dict[str, object]) -> bytes:
    """YAML whose scalars say where they stand: file, line and column."""
    lines: list[str] = []

    def write(value: object, depth: int) -> None:
        indent = "  " * depth
        items = value.items() if isinstance(value, dict) else ((None, item) for item in value)  # type: ignore[attr-defined]
        for key, child in items:
            lead = f"{indent}- " if key is None else f"{indent}{yaml.safe_dump(key, default_style=chr(34)).strip()}: "
            if isinstance(child, dict | list) and child:
                lines.append(lead.rstrip())
                write(child, depth + 1)
            elif isinstance(child, dict | list):
                lines.append(f"{lead}{'{}' if isinstance(child, dict) else '[]'}")
            else:
                # A number, which no weaker value replaces, as text would let it.
                lines.append(f"{lead}[{len(lines) + 1}, {len(lead) + 1}, {number(path)}]")

    write(shape, 0)
    return "".join(f"{line}\n" for line in lines).encode()


def number(path: str) -> int:
    return sum(path.encode())


def leaves(value: Value) -> Iterator[tuple[str, Value]]:
    for pointer, each in walk(value):
        if isinstance(each.data, list) and len(each.data) == 3 and all(isinstance(x.data, int) for x in each.data):
            yield pointer, each


@given(FILES)
def test_each_value_stands_where_its_mark_says(shapes: dict[str, dict[str, object]]) -> None:
    computed = effective({path: written(path, shape) for path, shape in shapes.items()})
    for _, value in leaves(computed.values):
        for each in (value, *value.overrides):
            if isinstance(each.data, list) and each.data and isinstance(each.data[0].data, int):
                line, column, file = plain(each)
                assert each.mark is not None
                assert (each.mark.line, each.mark.column, number(each.mark.file)) == (line, column, file)


@given(FILES)
def test_what_is_overridden_comes_back_when_its_file_goes(shapes: dict[str, dict[str, object]]) -> None:
    files = {path: written(path, shape) for path, shape in shapes.items()}
    computed = effective(files)
    for pointer, value in leaves(computed.values):
        if not value.overrides or pointer.count("/") != 1:
            continue
        assert value.mark is not None
        less = effective({path: content for path, content in files.items() if path != value.mark.file})
        after = dict(walk(less.values))[pointer]
        assert plain(after) == plain(value.overrides[0])
        assert after.overrides == value.overrides[1:]


def test_a_chain_of_overrides_is_told_the_strongest_first() -> None:
    names = ("10", "20", "9", "a")
    files = {f"{CLOUD_CFG_D}/{name}.cfg": f"# {name}\n\nk: {name}x\n".encode() for name in names}
    value = effective({CLOUD_CFG: b"k: base\n", **files}).values.data["k"]
    # Text gives way in a list of mergers of its own only: between files the stronger text stays.
    assert value.data == "ax"
    assert value.mark == Mark(f"{CLOUD_CFG_D}/a.cfg", 3, 4)
    assert [each.data for each in value.overrides] == ["9x", "20x", "10x", "base"]


def test_a_mapping_of_several_files_has_the_strongest_ones_place_and_its_values_their_own() -> None:
    files = {
        CLOUD_CFG: b"s:\n  u: {name: debian, shell: /bin/sh}\n",
        f"{CLOUD_CFG_D}/9.cfg": b"s:\n  u:\n    name: x\n",
    }
    values = effective(files).values
    user = values.data["s"].data["u"]
    assert user.mark == Mark(f"{CLOUD_CFG_D}/9.cfg", 3, 5)
    assert user.data["shell"].mark == Mark(CLOUD_CFG, 2, 28)
    assert [str(each.mark) for each in user.data["name"].overrides] == [f"{CLOUD_CFG}:2:13"]


def test_built_in_values_have_no_place_and_are_overridden() -> None:
    values = effective({CLOUD_CFG: b"datasource_list: [None]\n"}, version="22.4").values_builtin
    listed = values.data["datasource_list"]
    assert listed.overrides[0].mark is None
    assert plain(listed.overrides[0])[-2:] == ["NWCS", "None"]
    assert values.data["vendor_data"].mark is None


def test_the_value_of_a_merge_key_stands_where_it_is_written() -> None:
    values = effective({CLOUD_CFG: b"a: &a\n  k: 1\nb:\n  <<: *a\n  l: 2\n"}).values
    assert values.data["b"].data["k"].mark == Mark(CLOUD_CFG, 2, 6)


def test_a_file_that_is_assumed_has_no_lines() -> None:
    value = effective({CLOUD_CFG: b"k: 1\n", f"{CLOUD_CFG_D}/x.cfg": b"k: 2\n"}).values
    shown = assuming(value, {CLOUD_CFG}).data["k"]
    assert str(shown.mark) == f"{CLOUD_CFG_D}/x.cfg:1:4"
    assert str(shown.overrides[0].mark) == f"{CLOUD_CFG} (assumed)"


def test_pointers_escape_what_json_pointers_do() -> None:
    value = effective({CLOUD_CFG: b"a/b: {c~d: [1]}\n2026-01-02: {yes: 1, ~: 2, 1.5: 3}\n"}).values
    assert [pointer for pointer, _ in walk(value)] == [
        "/a~1b", "/a~1b/c~0d", "/a~1b/c~0d/0", "/2026-01-02", "/2026-01-02/true", "/2026-01-02/null", "/2026-01-02/1.5",
    ]  # fmt: skip


def test_what_json_does_not_know_is_text() -> None:
    config = effective(
        {CLOUD_CFG: b"a: 2026-01-02\nb: !!binary aGk=\nc: !!set {y, x}\nd: .inf\ne: 2026-01-02T03:04:05Z\nf: .nan\n"}
    ).config
    assert jsonable(config) == {
        "a": "2026-01-02",
        "b": "aGk=",
        "c": ["x", "y"],
        "d": "inf",
        "e": "2026-01-02T03:04:05+00:00",
        "f": "nan",
    }
