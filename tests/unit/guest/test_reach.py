"""Where a path leads inside a guest: as its kernel would say, never through a file."""

from __future__ import annotations

import pytest

from goldsmith.errors import BuildError
from goldsmith.guest.index import Entry, FileType
from goldsmith.guest.worker.reach import reach, resolve


def entry(path: str, target: str | None = None) -> Entry:
    kind = FileType.SYMLINK if target is not None else FileType.REGULAR if "file" in path else FileType.DIRECTORY
    return Entry(path=path, type=kind, mode=0o755, uid=0, gid=0, size=0, mtime=0, inode=1, links=1, target=target,
                 xattrs={})  # fmt: skip


TREE = {
    each.path: each
    for each in (
        *(entry(path) for path in ("/", "/a", "/a/b", "/a/file", "/x", "/file", "/proc")),
        entry("/up", ".."),
        entry("/a/absolute", "/x"),
        entry("/a/relative", "../x"),
        entry("/a/through", "file/../b"),
        entry("/a/of-file", "/file"),
        entry("/loop", "/loop"),
    )
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/b/../../x", "/x"),
        ("/../../a/./b", "/a/b"),
        ("/a/absolute", "/x"),
        ("/a/relative", "/x"),
        ("/up/up/a", "/a"),
        ("/file/../x", None),
        ("/a/of-file/../x", None),
        ("/a/through", None),
        ("/absent/../x", None),
        ("/file/x", None),
        ("/loop", None),
    ],
)
def test_reach_follows_as_a_kernel_does(path: str, expected: str | None) -> None:
    assert reach(path, TREE.get, {}) == expected


def test_parents_on_the_way_are_kept() -> None:
    entries: dict[str, Entry] = {}
    reach("/a/relative", TREE.get, entries)
    assert set(entries) == {"/", "/a", "/a/relative", "/x"}


@pytest.mark.parametrize(
    ("path", "expected"), [("/a/new", "/a/new"), ("/new/deep", "/new/deep"), ("/a/relative/new", "/x/new")]
)
def test_resolve_goes_on_behind_what_is_there(path: str, expected: str) -> None:
    assert resolve(path, TREE.get) == expected


@pytest.mark.parametrize("path", ["/loop", "/file/../x", "/a/through", "/new/../x"])
def test_resolve_refuses_what_no_kernel_follows(path: str) -> None:
    with pytest.raises(BuildError, match="in the guest is a link without end, or leads through a file"):
        resolve(path, TREE.get)


def test_resolve_wants_an_absolute_path() -> None:
    with pytest.raises(BuildError, match="not an absolute"):
        resolve("a", TREE.get)
