"""Expressions of file_contexts mean to RE2 what they mean to PCRE, or are not read at all."""

from __future__ import annotations

import re
import time
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.guest.labels.expression import expression, has_meta, literal_prefix, translate, unescaped

PIECES = st.sampled_from(
    ["/", "a", "b", "-", "_", r"\.", r"\+", r"\-", ".", "[^/]", "[ab]", "[a-c]", "[]b]", "[^]/]", r"[\.b]", "[0-9]",
     r"\d", r"\w", r"\s", r"\S", "[[:alpha:]]", r"[\s]", "(/.*)?", "(a|b)", "(?:b|/)",
     "a{2}", "b{1,2}", "}", ")?", "a|b"]
)  # fmt: skip
QUANTIFIERS = st.sampled_from(["", "", "", "*", "+", "?", "*?", "{0,2}"])
EXPRESSIONS = st.lists(st.tuples(PIECES, QUANTIFIERS), min_size=1, max_size=5).map(
    lambda found: "".join(map("".join, found))
)
PATHS = st.text("/ab-_.+]0c \n\x0b", max_size=6).map(str.encode)


@given(EXPRESSIONS, PATHS)
def test_an_expression_matches_what_a_backtracking_engine_matches(text: str, path: bytes) -> None:
    made = expression(text)
    if made is None or "[:" in text:
        return  # a class such as [:alpha:] is a word of regular expressions that Python's do not have
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert made.matches(path) == (re.search(f"^{text}$".encode(), path, re.DOTALL) is not None)


@pytest.mark.parametrize(
    ("text", "path", "matches"),
    [
        ("/etc/shadow.*", b"/etc/shadow-", True),
        ("/etc/shadow.*", b"/etc/shadow\nroot", True),
        ("/etc/shadow.*", b"/mnt/etc/shadow", False),
        ("/etc/(shadow)?", b"/etc/shadow\n", True),
        (r"/srv/\xff?", b"/srv/", False),
        ("/srv/[^/]+", "/srv/größe".encode(), True),
        ("/srv/[^/]+", b"/srv/\xff\xfe", True),
        ("/home/[^/]+/\\.ssh(/.*)?", b"/home/a/.ssh/id", True),
        ("/home/[^/]+/\\.ssh(/.*)?", b"/home/a/xssh/id", False),
    ],
)
def test_whole_paths_as_bytes(text: str, path: bytes, *, matches: bool) -> None:
    made = expression(text)
    assert (made is not None and made.matches(path)) is matches


@pytest.mark.parametrize(
    "text",
    ["/a(?=b)", "/a(?!b)", "/(a)\\1", "/a++", "/a{2}+", "/a**", "/(?i)a", "/(*FAIL)a", "/a\\Kb", "/a$b", "/[[.a.]]",
     "/[a", "/(a", "/a\\", "/a{,2}", "/é.", "/a.{1001}", "/((a{1,900}){1,900}){1,900}", "/" + "a?" * 3000],
)  # fmt: skip
def test_what_may_mean_something_else_is_not_read(text: str) -> None:
    assert expression(text) is None


def test_a_catastrophic_expression_takes_no_time() -> None:
    made = expression("/(((a+)+)+)+b")
    assert made is not None
    started = time.monotonic()
    assert not made.matches(b"/" + b"a" * 4000)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("text", "meta", "path", "prefix"),
    [
        ("/etc/passwd", False, "/etc/passwd", "/etc/passwd"),
        (r"/etc/a\.b", False, "/etc/a.b", "/etc/a.b"),
        (r"/etc/\d", False, None, "/etc/"),
        ("/etc/a\\", False, None, "/etc/a"),
        ("/etc/ab?", True, "/etc/ab?", "/etc/a"),
        ("/etc/ab{2}", True, "/etc/ab{2}", "/etc/a"),
        ("/etc/ab+", True, "/etc/ab+", "/etc/ab"),
        ("/etc(/.*)?", True, "/etc(/.*)?", "/etc"),
        ("/(bin|sbin)/a", True, "/(bin|sbin)/a", "/"),
        ("/bin/a|/sbin/a", True, "/bin/a|/sbin/a", ""),
    ],
)
def test_what_a_text_says_of_its_paths(text: str, *, meta: bool, path: str | None, prefix: str) -> None:
    assert (has_meta(text), unescaped(text), literal_prefix(text)) == (meta, path, prefix)


@given(EXPRESSIONS, PATHS)
def test_a_path_that_matches_begins_with_the_literal_prefix(text: str, path: bytes) -> None:
    made = expression(text)
    if made is not None and made.matches(path):
        assert path.startswith(literal_prefix(text).encode())


def test_a_set_is_translated_character_by_character() -> None:
    assert translate(r"/[^/ \]-]x\.y") == r"^/[^/\x20\x5d-]x\x2ey\n?\z"
