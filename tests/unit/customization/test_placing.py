"""Following guest paths: the same answer as the kernel's, over any tree of links."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldsmith.customization.placing import follow, survey
from goldsmith.guest.engines.tree import open_tree
from goldsmith.guest.index import Entry, FileType, Index
from goldsmith.guest.worker.syscalls import RESOLVE_IN_ROOT, openat2

NAMES = st.sampled_from(["a", "b", "c"])
PARTS = st.lists(st.sampled_from(["a", "b", "c", "..", "."]), min_size=1, max_size=3)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
TARGETS = st.tuples(st.booleans(), PARTS).map(lambda it: ("/" if it[0] else "") + "/".join(it[1]))
TREES = st.lists(
    st.tuples(PATHS, st.one_of(st.just(None), st.just("file"), TARGETS.map(lambda t: "->" + t))), max_size=8
)


def make(top: Path, tree: list[tuple[str, str | None]]) -> None:
    """Directories (None), files and links; what does not fit on what is there already is left out."""
    for path, kind in tree:
        place = top / path[1:]
        if os.path.lexists(place) or not all(
            (top / "/".join(place.relative_to(top).parts[:depth])).is_dir()
            and not (top / "/".join(place.relative_to(top).parts[:depth])).is_symlink()
            for depth in range(1, len(place.relative_to(top).parts))
        ):
            continue
        if kind is None:
            place.mkdir()
        elif kind == "file":
            place.write_text(path)
        else:
            place.symlink_to(kind.removeprefix("->"))


def kernels_answer(top: Path, path: str) -> str | None:
    """What the kernel finds at the path with the tree as its root: the inode, or None."""
    descriptor = os.open(top, os.O_PATH | os.O_DIRECTORY)
    try:
        found = openat2(descriptor, path, os.O_PATH, RESOLVE_IN_ROOT)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    status = os.fstat(found)
    os.close(found)
    return f"{status.st_ino}"


@settings(deadline=None, max_examples=150)
@given(tree=TREES, path=PATHS)
def test_a_path_leads_where_the_kernel_says(
    tmp_path_factory: pytest.TempPathFactory, tree: list[tuple[str, str | None]], path: str
) -> None:
    top = tmp_path_factory.mktemp("tree")
    for directory in ("a/b", "b/c", "c"):
        (top / directory).mkdir(parents=True)
    make(top, tree)
    with open_tree(top) as guest:
        index = survey(guest, [path])
    spot = follow(index, path, last=True)
    expected = kernels_answer(top, path)
    found = str(spot.entry.inode) if spot.entry is not None and not spot.loops and spot.blocked is None else None
    assert found == expected
    assert ".." not in spot.path.split("/")
    assert all(posixpath.dirname(inner) == outer for outer, inner in zip(spot.missing, spot.missing[1:], strict=False))


def entry(path: str, target: str | None = None) -> Entry:
    kind = FileType.DIRECTORY if target is None else FileType.SYMLINK
    return Entry(path, kind, 0o755, 0, 0, 0, 0, 1, 1, target)


def test_missing_parents_are_told_outermost_first() -> None:
    index = Index([entry("/"), entry("/srv"), entry("/link", "srv")])
    spot = follow(index, "/link/a/b/c", last=True)
    assert (spot.path, spot.missing, spot.dangling) == ("/srv/a/b/c", ("/srv/a", "/srv/a/b"), None)


def test_a_link_to_nothing_is_told_apart_from_a_missing_name() -> None:
    index = Index([entry("/"), entry("/link", "gone/too")])
    assert follow(index, "/link/a", last=True).dangling == "/link"
    assert follow(index, "/link", last=True).dangling == "/link"
    assert follow(index, "/link", last=False).entry == index["/link"]
    assert follow(index, "/other/a", last=True).dangling is None
