"""Guest paths as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.errors import BuildError
from goldsmith.guest.paths import in_kernel_directory, is_canonical, parts, split


@pytest.mark.parametrize("path", ["/", "/etc", "/etc/a b", "/...", "/.hidden", "/a\n", "/\udcff"])
def test_canonical_paths(path: str) -> None:
    assert is_canonical(path)


@pytest.mark.parametrize(
    "path", ["", ".", "etc", "/etc/", "//", "//etc", "/a//b", "/.", "/a/.", "/a/../b", "/..", "/\0"]
)
def test_any_other_spelling_is_refused(path: str) -> None:
    assert not is_canonical(path)
    with pytest.raises(BuildError, match="not a canonical guest path"):
        split(path)


@pytest.mark.parametrize(("path", "expected"), [("/", ("/", ".")), ("/a", ("/", "a")), ("/a/b\n", ("/a", "b\n"))])
def test_parent_and_name(path: str, expected: tuple[str, str]) -> None:
    assert split(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"), [("/", []), ("//a/./b/", ["a", "b"]), ("/a/../b", ["a", "..", "b"]), ("/. /..", [". ", ".."])]
)
def test_parts_of_a_path(path: str, expected: list[str]) -> None:
    assert parts(path) == expected


@pytest.mark.parametrize("path", ["", "etc", "../etc", "/a\0b"])
def test_parts_of_what_is_not_absolute_are_refused(path: str) -> None:
    with pytest.raises(BuildError, match="not an absolute guest path"):
        parts(path)


def test_a_refusal_shows_no_control_characters() -> None:
    with pytest.raises(BuildError) as raised:
        split("\x1b[31m\udcff")
    assert raised.value.message == "not a canonical guest path: \\x1b[31m\\xff"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/proc", False), ("/proc/1", True), ("/dev/null", True), ("/run/x/y", True), ("/runner/x", False), ("/", False)],
)
def test_what_lies_below_a_directory_of_the_kernel(path: str, *, expected: bool) -> None:
    assert in_kernel_directory(path) is expected


@given(st.lists(st.text(min_size=1, max_size=5), max_size=4).map(lambda each: "/" + "/".join(each)))
def test_a_canonical_path_is_what_its_parts_make(path: str) -> None:
    if is_canonical(path):
        assert "/" + "/".join(parts(path)) == path
