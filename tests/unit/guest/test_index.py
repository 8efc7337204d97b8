"""Lookups in a listing: links lead where they would inside the guest, and never anywhere else."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldsmith.guest.index import MAX_LINKS, FileType, Index
from goldsmith.guest.worker.posix_tree import PosixTree
from goldsmith.guest.worker.syscalls import RESOLVE_IN_ROOT, openat2

from .conftest import entry, listing

HOSTILE = listing(
    "/etc/hostname",
    "/etc/alternatives/editor -> /usr/bin/vi",
    "/usr/bin/vi",
    "/bin -> usr/bin",
    "/h/absolute -> /etc/hostname",
    "/h/relative -> ../etc/hostname",
    "/h/above -> ../../../../etc/hostname",
    "/h/dots -> .//./../etc/./hostname",
    "/h/up -> ..",
    "/h/top -> /",
    "/h/dangling -> /nothing",
    "/h/self -> self",
    "/h/ping -> pong",
    "/h/pong -> /h/ping",
    "/h/inside -> inside/below",
)


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/", "/"),
        ("/etc/hostname", "/etc/hostname"),
        ("//etc/./hostname", "/etc/hostname"),
        ("/bin/vi", "/usr/bin/vi"),
        ("/etc/alternatives/editor", "/usr/bin/vi"),
        ("/h/absolute", "/etc/hostname"),
        ("/h/relative", "/etc/hostname"),
        ("/h/above", "/etc/hostname"),
        ("/h/dots", "/etc/hostname"),
        ("/h/up/etc/hostname", "/etc/hostname"),
        ("/h/top/h/top/bin", "/usr/bin"),
        ("/../../etc/hostname", "/etc/hostname"),
        ("/bin/../bin", "/usr/bin"),
        ("/bin/../../etc", "/etc"),
        ("/h/dangling", None),
        ("/h/self", None),
        ("/h/ping", None),
        ("/h/inside", None),
        ("/nothing/../etc/hostname", None),
        ("/etc/hostname/below", None),
        ("/etc/hostname/../hostname", None),
        ("/etc/hostname/.", None),
        ("/h/absolute/../hostname", None),
    ],
)
def test_resolving_follows_every_link(path: str, leads_to: str | None) -> None:
    assert HOSTILE.resolve(path) == leads_to


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/h/absolute", "/h/absolute"),
        ("/h/self", "/h/self"),
        ("/h/dangling", "/h/dangling"),
        ("/h/top/h/up/h/ping", "/h/ping"),
        ("/bin", "/bin"),
        ("/bin/vi", "/usr/bin/vi"),
        ("/h/self/x", None),
        ("/h/dangling/x", None),
        ("/nothing", None),
    ],
)
def test_locating_does_not_follow_the_last_part(path: str, names: str | None) -> None:
    found = HOSTILE.locate(path)
    assert (found and found.path) == names


def test_as_many_links_are_followed_as_the_kernel_follows() -> None:
    chain = listing("/0", *(f"/{number} -> {number - 1}" for number in range(1, MAX_LINKS + 2)))
    assert chain.resolve(f"/{MAX_LINKS}") == "/0"
    assert chain.resolve(f"/{MAX_LINKS + 1}") is None


def test_links_that_double_their_way_end() -> None:
    bomb = listing("/0/", *(f"/{number} -> {number - 1}/../{number - 1}" for number in range(1, 64)))
    assert bomb.resolve("/5") == "/0"
    assert bomb.resolve("/63") is None


FILE = "a regular file"
NAMES = st.sampled_from(["a", "b", "c"])
TARGETS = st.builds(
    lambda top, parts: top + "/".join(parts),
    st.sampled_from(["", "/"]),
    st.lists(st.sampled_from(["a", "b", "c", "..", "."]), min_size=1, max_size=4),
)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=3), st.none() | st.just(FILE) | TARGETS), max_size=8),
    st.lists(TARGETS, min_size=1, max_size=4),
)
def test_the_kernel_agrees(tree: list[tuple[list[str], str | None]], paths: list[str]) -> None:
    """Trees of directories, files and links: whatever they say, a path leads to the inode that the kernel finds."""
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        for parts, target in tree:
            with suppress(OSError):
                place = top.joinpath(*parts)
                if any(parent.is_symlink() for parent in (place, *place.parents) if parent.is_relative_to(top)):
                    continue
                place.parent.mkdir(parents=True, exist_ok=True)
                if target is None:
                    place.mkdir()
                elif target == FILE:
                    place.touch(exist_ok=False)
                else:
                    place.symlink_to(target)
        opened = PosixTree(name)
        index = opened.index(("/",), digests=False)
        opened.close()
        for path in paths:
            found = index.resolve(f"/{path}")
            assert (found and index[found].inode) == kernels_answer(top, path)


def kernels_answer(top: Path, path: str) -> int | None:
    descriptor = os.open(top, os.O_PATH | os.O_DIRECTORY)
    try:
        found = openat2(descriptor, path, os.O_PATH, RESOLVE_IN_ROOT)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    try:
        return os.fstat(found).st_ino
    finally:
        os.close(found)


GLOBBED = listing(
    "/home/ann/.ssh/id",
    "/home/bob/.ssh/id",
    "/home/bob/notes",
    "/home/.hidden/.ssh/id",
    "/home/file",
    "/log/a1.gz",
    "/log/a2.gz",
    "/log/b1.gz",
    "/log/a\n3.gz",
    "/log/a\udcff.gz",
    "/log/[x]",
    "/lnk -> /home",
    "/loop -> loop",
    "/out -> ../../log",
)


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("/home/*/.ssh/id", ["/home/ann/.ssh/id", "/home/bob/.ssh/id"]),
        ("/home/*", ["/home/ann", "/home/bob", "/home/file"]),
        ("/home/.*", ["/home/.hidden"]),
        ("/home/[.]*", []),
        ("/home/*/*", ["/home/bob/notes"]),
        ("/home/**/id", []),
        ("/log/a[12].gz", ["/log/a1.gz", "/log/a2.gz"]),
        ("/log/[!a]1.gz", ["/log/b1.gz"]),
        ("/log/?1.gz", ["/log/a1.gz", "/log/b1.gz"]),
        ("/log/a?*.gz", ["/log/a\n3.gz", "/log/a1.gz", "/log/a2.gz", "/log/a\udcff.gz"]),
        ("/log/[[]x]", ["/log/[x]"]),
        ("/home/file", ["/home/file"]),
        ("/home/file/*", []),
        ("/lnk", ["/lnk"]),
        ("/lnk/b*", ["/home/bob"]),
        ("/l*/bob", ["/home/bob"]),
        ("/loop", ["/loop"]),
        ("/loop/*", []),
        ("/out/b*", ["/log/b1.gz"]),
        ("/*/bob", ["/home/bob"]),
        ("/nothing/*", []),
        ("/", ["/"]),
    ],
)
def test_patterns_match_as_in_a_shell(pattern: str, paths: list[str]) -> None:
    assert [found.path for found in GLOBBED.glob(pattern)] == paths


def test_nothing_matches_in_an_index_of_nothing() -> None:
    assert Index(()).glob("/") == []


def test_below_gives_a_directorys_content_before_itself() -> None:
    index = listing("/a/b/c/", "/a/b/d", "/a/e", "/a/lnk -> b", "/ab")
    assert [each.path for each in index.below("/a")] == ["/a/b/c", "/a/b/d", "/a/b", "/a/e", "/a/lnk"]
    assert list(index.below("/ab")) == []
    assert list(index.below("/nothing")) == []


def test_below_a_very_deep_directory_is_no_recursion() -> None:
    index = listing("/d" * 2000)
    assert sum(1 for _ in index.below("/")) == 2000


def test_children_are_sorted_by_name_whatever_order_they_were_listed_in() -> None:
    paths = ["/a.d", "/a", "/a-", "/a/z", "/a/b"]
    kinds = dict.fromkeys(("/", "/a"), FileType.DIRECTORY)
    index = Index(entry(path, type=kinds.get(path)) for path in [*reversed(paths), "/"])
    assert [each.name for each in index.children("/")] == ["a", "a-", "a.d"]
    assert list(index) == ["/", "/a", "/a/b", "/a/z", "/a-", "/a.d"]
    assert index.children("/a-") == []


def test_an_empty_listing_has_nothing() -> None:
    empty = Index(())
    assert (len(empty), empty.locate("/"), empty.resolve("/etc"), empty.glob("/*"), empty.children("/")) == (
        0,
        None,
        None,
        [],
        [],
    )
