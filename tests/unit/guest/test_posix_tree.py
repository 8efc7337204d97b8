"""The tree below a host's directory, in this process: what is listed, read and changed, and that nothing leads out."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from goldsmith.errors import BuildError, ConflictError
from goldsmith.guest.change import (
    ABSENT,
    Change,
    Link,
    MakeDirectory,
    Plan,
    Remove,
    Seen,
    SetAttributes,
    Write,
)
from goldsmith.guest.index import Entry, FileType
from goldsmith.guest.worker.posix_tree import PosixTree

WHY: dict[str, Any] = {"operation": "test", "reason": "because"}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the host's, beside the tree."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_bytes(b"the host's")
    return folder


@pytest.fixture
def top(tmp_path: Path, outside: Path) -> Path:
    top = tmp_path / "tree"
    (top / "etc/ssh").mkdir(parents=True)
    (top / "proc/1").mkdir(parents=True)
    (top / "etc/hostname").write_bytes(b"guest\n")
    (top / "etc/ssh/key").write_bytes(b"key")
    (top / "etc/name").symlink_to("/etc/hostname")
    (top / "etc/out").symlink_to(outside)
    (top / "etc/above").symlink_to("../../../../../etc/hostname")
    (top / "etc/self").symlink_to("self")
    os.mkfifo(top / "etc/fifo")
    (top / os.fsdecode(b"\xff\n")).write_bytes(b"")
    return top


@pytest.fixture
def tree(top: Path) -> Iterator[PosixTree]:
    tree = PosixTree(str(top))
    yield tree
    tree.close()


def there(tree: PosixTree, path: str) -> Entry:
    return tree.index((path,), digests=False)[path]


def apply(tree: PosixTree, *changes: Change) -> None:
    tree.apply(Plan(changes))


# -- looking


def test_the_whole_tree_but_what_the_kernel_shows(tree: PosixTree) -> None:
    assert list(tree.index(("/",), digests=False)) == [
        "/",
        "/etc",
        "/etc/above",
        "/etc/fifo",
        "/etc/hostname",
        "/etc/name",
        "/etc/out",
        "/etc/self",
        "/etc/ssh",
        "/etc/ssh/key",
        "/proc",
        os.fsdecode(b"/\xff\n"),
    ]


def test_roots_bring_their_parents_and_what_links_lead_to(tree: PosixTree) -> None:
    index = tree.index(("/etc/name", "/nothing/here"), digests=True)
    assert list(index) == ["/", "/etc", "/etc/hostname", "/etc/name"]
    assert index["/etc/hostname"].digest == sha256(b"guest\n").hexdigest()
    assert index["/etc/name"].target == "/etc/hostname"


def test_an_entry_is_what_the_file_system_says(top: Path, tree: PosixTree) -> None:
    path = top / "etc/hostname"
    path.chmod(0o2640)
    os.utime(path, ns=(1, 1_234_567_890))
    os.link(path, top / "etc/second")
    status = path.stat()
    assert there(tree, "/etc/hostname") == Entry(
        path="/etc/hostname",
        type=FileType.REGULAR,
        mode=0o2640,
        uid=status.st_uid,
        gid=status.st_gid,
        size=6,
        mtime=1_234_567_890,
        inode=status.st_ino,
        links=2,
    )


def test_types(top: Path, tree: PosixTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(top)  # a socket's own path may be too long for it
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("etc/socket")
    index = tree.index(("/etc",), digests=True)
    assert {name: index[f"/etc/{name}"].type for name in ("fifo", "socket", "ssh", "self", "hostname")} == {
        "fifo": FileType.FIFO,
        "socket": FileType.SOCKET,
        "ssh": FileType.DIRECTORY,
        "self": FileType.SYMLINK,
        "hostname": FileType.REGULAR,
    }


@pytest.mark.parametrize("path", ["/etc/hostname", "/etc/name", "/etc/above", "/../etc/./hostname"])
def test_reading_follows_links_inside_the_tree(tree: PosixTree, path: str) -> None:
    assert tree.read(path, 6) == b"guest\n"


@pytest.mark.parametrize("path", ["/etc/nothing", "/etc/out/secret", "/etc/hostname/below", "/etc/ssh/../../secret"])
def test_what_is_not_in_the_tree_is_not_found(tree: PosixTree, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        tree.read(path, 100)


@pytest.mark.parametrize(
    ("path", "limit", "why"),
    [
        ("/etc/hostname", 5, "6 bytes are more than the limit of 5"),
        ("/etc/fifo", 5, "not a regular file"),
        ("/etc", 5, "not a regular file"),
        ("/etc/self", 5, "Too many levels of symbolic links"),
        ("etc/hostname", 6, "not an absolute guest path"),
    ],
)
def test_what_is_not_read(tree: PosixTree, path: str, limit: int, why: str) -> None:
    with pytest.raises(BuildError, match=why):
        tree.read(path, limit)


def test_resolving_stays_in_the_tree(tree: PosixTree) -> None:
    assert tree.resolve("/etc/above") == "/etc/hostname"
    assert tree.resolve("/etc/ssh/../ssh/new/er") == "/etc/ssh/new/er"
    for path in ("/etc/self", "/etc/hostname/../ssh"):
        with pytest.raises(BuildError, match="a link without end, or leads through a file"):
            tree.resolve(path)


# -- changing


def test_every_kind_of_change(top: Path, tree: PosixTree) -> None:
    apply(
        tree,
        MakeDirectory(path="/d", seen=ABSENT, mode=0o1777, **WHY),
        Write(path="/d/file", seen=ABSENT, content=b"\0\xff", mode=0o4755, **WHY),
        Write(path="/d/plain", seen=ABSENT, content=b"", **WHY),
        Link(path="/d/link", seen=ABSENT, target="../nowhere", **WHY),
        SetAttributes(path="/etc/ssh", seen=Seen.of(there(tree, "/etc/ssh")), mode=0o700, **WHY),
        Remove(path="/etc/fifo", seen=Seen.of(there(tree, "/etc/fifo")), **WHY),
        Remove(path="/etc/out", seen=Seen.of(there(tree, "/etc/out")), **WHY),
    )
    modes = {name: stat.S_IMODE((top / name).stat().st_mode) for name in ("d", "d/file", "d/plain", "etc/ssh")}
    assert modes == {"d": 0o1777, "d/file": 0o4755, "d/plain": 0o644, "etc/ssh": 0o700}
    assert ((top / "d/file").read_bytes(), str((top / "d/link").readlink())) == (b"\0\xff", "../nowhere")
    assert not os.path.lexists(top / "etc/fifo")
    assert not os.path.lexists(top / "etc/out")


def test_a_rewritten_file_stays_the_same_file(top: Path, tree: PosixTree) -> None:
    path = top / "etc/hostname"
    path.chmod(0o2440)
    before = there(tree, "/etc/hostname")
    apply(tree, Write(path="/etc/hostname", seen=Seen.of(before, b"guest\n"), content=b"x", **WHY))
    after = there(tree, "/etc/hostname")
    assert (path.read_bytes(), after.inode, after.mode, after.uid) == (b"x", before.inode, 0o2440, before.uid)


def test_a_link_is_pointed_elsewhere(top: Path, tree: PosixTree) -> None:
    apply(tree, Link(path="/etc/out", seen=Seen.of(there(tree, "/etc/out")), target="ssh", **WHY))
    assert str((top / "etc/out").readlink()) == "ssh"


def test_a_directory_goes_once_it_is_empty(top: Path, tree: PosixTree) -> None:
    index = tree.index(("/etc/ssh",), digests=False)
    key, folder = (Remove(path=path, seen=Seen.of(index[path]), **WHY) for path in ("/etc/ssh/key", "/etc/ssh"))
    with pytest.raises(ConflictError, match="the directory is not empty"):
        apply(tree, folder)
    apply(tree, key, folder)
    assert not (top / "etc/ssh").exists()


def test_changes_before_a_conflict_are_made_and_those_after_it_are_not(top: Path, tree: PosixTree) -> None:
    with pytest.raises(ConflictError):
        apply(
            tree,
            Write(path="/one", seen=ABSENT, content=b"", **WHY),
            Write(path="/etc/hostname", seen=ABSENT, content=b"", **WHY),
            Write(path="/two", seen=ABSENT, content=b"", **WHY),
        )
    assert ((top / "one").exists(), (top / "two").exists()) == (True, False)
    assert (top / "etc/hostname").read_bytes() == b"guest\n"


@pytest.mark.parametrize(
    "change",
    [
        Write(path="/etc/hostname", seen=Seen(FileType.REGULAR, 0, sha256(b"other").hexdigest()), content=b"", **WHY),
        Write(path="/etc/name", seen=Seen(FileType.SYMLINK), content=b"", **WHY),
        Write(path="/etc/nothing", seen=Seen(FileType.REGULAR), content=b"", **WHY),
        Write(path="/nothing/file", seen=ABSENT, content=b"", **WHY),
        Write(path="/etc/hostname/file", seen=ABSENT, content=b"", **WHY),
        MakeDirectory(path="/etc/ssh", seen=Seen(FileType.DIRECTORY), **WHY),
        Remove(path="/etc/nothing", seen=ABSENT, **WHY),
        Remove(path="/etc/fifo", seen=Seen(FileType.REGULAR), **WHY),
        Remove(path="/etc/hostname", seen=Seen(FileType.REGULAR, 1), **WHY),
        SetAttributes(path="/etc/nothing", seen=ABSENT, mode=0o600, **WHY),
        Link(path="/etc/hostname", seen=Seen(FileType.REGULAR), target="x", **WHY),
    ],
    ids=lambda change: f"{type(change).__name__} {change.path}",
)
def test_what_does_not_fit_is_a_conflict_and_changes_nothing(tree: PosixTree, change: Change) -> None:
    before = tree.index(("/",), digests=True)
    with pytest.raises(ConflictError):
        apply(tree, change)
    assert list(tree.index(("/",), digests=True).values()) == list(before.values())


def test_a_link_has_no_mode_to_set(top: Path, tree: PosixTree) -> None:
    with pytest.raises(BuildError, match="a symbolic link has no mode"):
        apply(tree, SetAttributes(path="/etc/name", seen=Seen(FileType.SYMLINK), mode=0o600, **WHY))
    assert stat.S_IMODE((top / "etc/hostname").stat().st_mode) != 0o600


@pytest.mark.parametrize("path", ["etc/hostname", "/etc/../etc/hostname", "/etc/", "/etc/hostname\0"])
def test_only_canonical_paths_are_changed(tree: PosixTree, path: str) -> None:
    with pytest.raises(BuildError, match="not a canonical guest path"):
        apply(tree, Remove(path=path, seen=Seen(FileType.REGULAR), **WHY))


def test_a_change_names_no_path_through_a_link(outside: Path, tree: PosixTree) -> None:
    with pytest.raises(ConflictError, match="its parent is not the directory it was"):
        apply(tree, Remove(path="/etc/out/secret", seen=Seen(FileType.REGULAR), **WHY))
    assert (outside / "secret").read_bytes() == b"the host's"


# -- a guest that changes between planning and applying


@pytest.mark.parametrize("swapped", ["/etc", "/etc/ssh"])
def test_a_parent_swapped_for_a_link_is_refused(top: Path, outside: Path, tree: PosixTree, swapped: str) -> None:
    seen = Seen.of(there(tree, "/etc/ssh/key"))
    (outside / "key").write_bytes(b"the host's")
    (outside / "ssh").mkdir()
    (outside / "ssh/key").write_bytes(b"the host's")
    (top / swapped[1:]).rename(top / "moved")
    (top / swapped[1:]).symlink_to(outside)
    with pytest.raises(ConflictError, match="its parent is not the directory it was"):
        apply(tree, Remove(path="/etc/ssh/key", seen=seen, **WHY))
    assert sorted(path.name for path in outside.rglob("*")) == ["key", "key", "secret", "ssh"]


@pytest.mark.parametrize(
    "kind", [Remove, lambda **fields: Write(content=b"", **fields), lambda **fields: SetAttributes(mode=0, **fields)]
)
def test_a_file_swapped_for_a_link_is_refused(top: Path, outside: Path, tree: PosixTree, kind: Any) -> None:
    seen = Seen.of(there(tree, "/etc/hostname"))
    (top / "etc/hostname").unlink()
    (top / "etc/hostname").symlink_to(outside / "secret")
    before = (outside / "secret").stat()
    with pytest.raises(ConflictError, match="a regular was seen there, now a symlink is"):
        apply(tree, kind(path="/etc/hostname", seen=seen, **WHY))
    after = (outside / "secret").stat()
    assert (after.st_mode, after.st_size, after.st_mtime_ns) == (before.st_mode, before.st_size, before.st_mtime_ns)


def test_a_link_that_appears_where_a_file_shall_be_made_is_refused(top: Path, outside: Path, tree: PosixTree) -> None:
    (top / "new").symlink_to(outside / "made")
    with pytest.raises(ConflictError, match="nothing was seen there, now a symlink is"):
        apply(tree, Write(path="/new", seen=ABSENT, content=b"", **WHY))
    assert not (outside / "made").exists()


def test_another_file_under_the_same_name_is_refused(top: Path, tree: PosixTree) -> None:
    seen = Seen.of(there(tree, "/etc/hostname"))
    (top / "etc/other").write_bytes(b"guest\n")
    (top / "etc/other").replace(top / "etc/hostname")
    with pytest.raises(ConflictError, match="another regular has taken its place"):
        apply(tree, Remove(path="/etc/hostname", seen=seen, **WHY))


def test_no_descriptor_is_left_open(tree: PosixTree) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    tree.index(("/",), digests=True)
    tree.read("/etc/name", 10)
    with pytest.raises(ConflictError):
        apply(tree, Remove(path="/etc/nothing", seen=ABSENT, **WHY))
    apply(tree, Write(path="/new", seen=ABSENT, content=b"", **WHY))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
