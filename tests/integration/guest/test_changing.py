"""What every engine does to a guest for each kind of change, and when it refuses."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import Any

import pytest

from goldsmith.errors import BuildError, ConflictError
from goldsmith.guest.change import ABSENT, Change, Link, MakeDirectory, Plan, Remove, Seen, SetAttributes, Write
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Entry, FileType

WHY: dict[str, Any] = {"operation": "test", "reason": "because"}
ME = os.geteuid()
NUMBERS = iter(range(10_000))


def entry(guest: Guest, path: str) -> Entry | None:
    return guest.index((path,)).get(path)


def there(guest: Guest, path: str) -> Entry:
    found = entry(guest, path)
    assert found is not None
    return found


def owner(guest: Guest) -> tuple[int, int]:
    """Who owns what is made for root: in a plain user's own tree, that user."""
    return (ME, os.getegid()) if guest.engine == "tree" else (0, 0)


def apply(guest: Guest, *changes: Change) -> None:
    guest.apply(Plan(changes))


@pytest.fixture
def folder(guest: Guest) -> str:
    """A directory of this test's own in the guest."""
    path = f"/t/{next(NUMBERS)}"
    apply(guest, MakeDirectory(path=path, seen=ABSENT, **WHY))
    return path


@pytest.fixture
def file(guest: Guest, folder: str) -> str:
    path = f"{folder}/file"
    apply(guest, Write(path=path, seen=ABSENT, content=b"before\n", mode=0o640, **WHY))
    return path


def test_a_new_file(guest: Guest, folder: str) -> None:
    path = f"{folder}/new"
    apply(guest, Write(path=path, seen=ABSENT, content=b"new\0\xff", mode=0o4755, **WHY))
    made = there(guest, path)
    assert (guest.read(path), made.mode, made.uid, made.gid) == (b"new\0\xff", 0o4755, *owner(guest))


def test_a_new_file_is_readable_by_all_unless_said_otherwise(guest: Guest, folder: str) -> None:
    apply(guest, Write(path=f"{folder}/new", seen=ABSENT, content=b"", **WHY))
    made = there(guest, f"{folder}/new")
    assert (made.mode, made.size) == (0o644, 0)


def test_a_large_file(guest: Guest, folder: str) -> None:
    content = bytes(range(256)) * (20 << 12)
    apply(guest, Write(path=f"{folder}/large", seen=ABSENT, content=content, **WHY))
    assert sha256(guest.read(f"{folder}/large", 64 << 20)).digest() == sha256(content).digest()


def test_a_rewritten_file_keeps_inode_owner_mode_and_links(guest: Guest, file: str) -> None:
    before = there(guest, file)
    apply(guest, Write(path=file, seen=Seen.of(before, b"before\n"), content=b"after", **WHY))
    after = there(guest, file)
    assert guest.read(file) == b"after"
    assert (after.inode, after.mode, after.uid, after.gid) == (before.inode, 0o640, before.uid, before.gid)


def test_a_rewritten_file_keeps_attributes_and_set_id_bits(guest: Guest) -> None:
    for name in ("attributes", "setuid"):
        before = there(guest, f"/hostile/{name}")
        apply(guest, Write(path=before.path, seen=Seen.of(before), content=b"rewritten", **WHY))
        after = there(guest, before.path)
        assert (after.mode, after.xattrs, after.size) == (before.mode, before.xattrs, 9)


def test_a_rewritten_file_that_nobody_may_write(guest: Guest) -> None:
    before = there(guest, "/etc/machine-id")
    apply(guest, Write(path="/etc/machine-id", seen=Seen.of(before), content=b"uninitialized\n", **WHY))
    assert (guest.read("/etc/machine-id"), there(guest, "/etc/machine-id").mode) == (b"uninitialized\n", 0o444)


def test_a_rewritten_file_gets_a_mode_where_one_is_given(guest: Guest, file: str) -> None:
    apply(guest, Write(path=file, seen=Seen.of(there(guest, file)), content=b"", mode=0o600, **WHY))
    assert there(guest, file).mode == 0o600


def test_both_names_of_a_hard_link_show_the_new_content(guest: Guest) -> None:
    apply(guest, Write(path="/hostile/one", seen=Seen.of(there(guest, "/hostile/one")), content=b"both\n", **WHY))
    assert guest.read("/hostile/two") == b"both\n"


def test_a_new_directory(guest: Guest, folder: str) -> None:
    apply(guest, MakeDirectory(path=f"{folder}/d", seen=ABSENT, mode=0o1777, **WHY))
    made = there(guest, f"{folder}/d")
    assert (made.type, made.mode, made.uid) == (FileType.DIRECTORY, 0o1777, owner(guest)[0])


def test_owners_are_set_where_that_is_possible(guest: Guest, folder: str, file: str) -> None:
    changes = (
        SetAttributes(path=file, seen=Seen.of(there(guest, file)), uid=12, gid=34, **WHY),
        Write(path=f"{folder}/owned", seen=ABSENT, content=b"", mode=0o2755, uid=12, gid=34, **WHY),
        MakeDirectory(path=f"{folder}/dir", seen=ABSENT, uid=12, gid=34, **WHY),
    )
    if guest.engine == "tree" and ME != 0:
        for change in changes:
            with pytest.raises(BuildError, match="Operation not permitted"):
                apply(guest, change)
        return
    apply(guest, *changes)
    for path in (file, f"{folder}/owned", f"{folder}/dir"):
        assert (there(guest, path).uid, there(guest, path).gid) == (12, 34)
    assert (there(guest, file).mode, there(guest, f"{folder}/owned").mode) == (0o640, 0o2755)


def test_attributes_that_are_not_given_stay(guest: Guest, file: str) -> None:
    apply(guest, SetAttributes(path=file, seen=Seen.of(there(guest, file)), mode=0o4755, **WHY))
    apply(guest, SetAttributes(path=file, seen=Seen.of(there(guest, file)), uid=owner(guest)[0], **WHY))
    assert there(guest, file).mode == 0o4755


def test_a_link_is_made_and_pointed_elsewhere(guest: Guest, folder: str) -> None:
    path = f"{folder}/link"
    target = os.fsdecode(b"to \xff\n")
    apply(guest, Link(path=path, seen=ABSENT, target="/first", **WHY))
    apply(guest, Link(path=path, seen=Seen.of(there(guest, path)), target=target, **WHY))
    assert there(guest, path).target == target


def test_files_links_and_nodes_are_removed(guest: Guest, folder: str, file: str) -> None:
    apply(guest, Link(path=f"{folder}/link", seen=ABSENT, target="/etc/passwd", **WHY))
    before = [there(guest, file), there(guest, f"{folder}/link"), there(guest, "/hostile/another-socket")]
    apply(guest, *[Remove(path=each.path, seen=Seen.of(each), **WHY) for each in before])
    assert [entry(guest, each.path) for each in before] == [None, None, None]
    assert guest.read("/etc/passwd").startswith(b"root:")


def test_everything_below_is_removed_in_the_order_of_an_index(guest: Guest, folder: str) -> None:
    name = os.fsdecode(b"\xff\n")
    apply(guest, MakeDirectory(path=f"{folder}/{name}", seen=ABSENT, **WHY))
    apply(guest, Write(path=f"{folder}/{name}/{name}", seen=ABSENT, content=b"", **WHY))
    below = list(guest.index((folder,)).below(folder))
    apply(guest, *[Remove(path=each.path, seen=Seen.of(each), **WHY) for each in below])
    assert guest.index((folder,)).children(folder) == []


def test_a_new_parent_serves_what_follows_in_the_same_plan(guest: Guest, folder: str) -> None:
    apply(
        guest,
        MakeDirectory(path=f"{folder}/a", seen=ABSENT, **WHY),
        MakeDirectory(path=f"{folder}/a/b", seen=ABSENT, **WHY),
        Write(path=f"{folder}/a/b/c", seen=ABSENT, content=b"c", **WHY),
    )
    assert guest.read(f"{folder}/a/b/c") == b"c"


# -- preconditions


def changes_of(file: str, seen: Seen) -> list[Change]:
    return [
        Remove(path=file, seen=seen, **WHY),
        Write(path=file, seen=seen, content=b"never", **WHY),
        SetAttributes(path=file, seen=seen, mode=0o777, **WHY),
        Link(path=file, seen=seen, target="/never", **WHY),
        MakeDirectory(path=file, seen=seen, **WHY),
    ]


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (ABSENT, "nothing was seen there, now a regular is"),
        (Seen(FileType.DIRECTORY), "a directory was seen there, now a regular is"),
        (Seen(FileType.SYMLINK), "a symlink was seen there, now a regular is"),
        (Seen(FileType.REGULAR, 2), "another regular has taken its place"),
        (Seen(FileType.REGULAR, 0, "0" * 64), "its content is not what was seen"),
    ],
)
def test_no_change_is_made_where_the_guest_is_not_what_was_seen(guest: Guest, file: str, seen: Seen, why: str) -> None:
    before = there(guest, file)
    for change in changes_of(file, seen):
        with pytest.raises(ConflictError, match=why):
            apply(guest, change)
    assert (there(guest, file), guest.read(file)) == (before, b"before\n")


def test_no_change_is_made_where_what_was_seen_is_gone(guest: Guest, folder: str) -> None:
    for change in changes_of(f"{folder}/gone", Seen(FileType.REGULAR)):
        with pytest.raises(ConflictError, match="the regular that was seen there is gone"):
            apply(guest, change)
    assert guest.index((folder,)).children(folder) == []


def test_the_same_plan_is_refused_the_second_time(guest: Guest, folder: str, file: str) -> None:
    for change in (
        Write(path=f"{folder}/new", seen=ABSENT, content=b"", **WHY),
        MakeDirectory(path=f"{folder}/dir", seen=ABSENT, **WHY),
        Link(path=f"{folder}/link", seen=ABSENT, target="x", **WHY),
        Write(path=file, seen=Seen.of(there(guest, file), b"before\n"), content=b"after", **WHY),
        Remove(path=file, seen=Seen.of(there(guest, file)), **WHY),
    ):
        apply(guest, change)
        with pytest.raises(ConflictError):
            apply(guest, change)


def test_changes_before_the_refused_one_stay(guest: Guest, folder: str) -> None:
    with pytest.raises(ConflictError):
        apply(
            guest,
            Write(path=f"{folder}/first", seen=ABSENT, content=b"1", **WHY),
            Remove(path=f"{folder}/none", seen=Seen(FileType.REGULAR), **WHY),
            Write(path=f"{folder}/third", seen=ABSENT, content=b"3", **WHY),
        )
    assert [each.name for each in guest.index((folder,)).children(folder)] == ["first"]


def test_a_directory_that_is_not_empty_stays(guest: Guest, folder: str, file: str) -> None:
    with pytest.raises(ConflictError, match="the directory is not empty"):
        apply(guest, Remove(path=folder, seen=Seen.of(there(guest, folder)), **WHY))
    assert guest.read(file) == b"before\n"


# -- hostile links


@pytest.mark.parametrize("target", ["/etc", "../../etc", "../../../../../../../../etc", "/hostile/up/etc"])
def test_a_directory_swapped_for_a_link_is_a_conflict(guest: Guest, folder: str, target: str) -> None:
    """Between index and apply a directory becomes a link: nothing is written where it leads."""
    inner = f"{folder}/inner"
    apply(guest, MakeDirectory(path=inner, seen=ABSENT, **WHY))
    apply(guest, Write(path=f"{inner}/passwd", seen=ABSENT, content=b"mine", **WHY))
    late = [
        Remove(path=f"{inner}/passwd", seen=Seen(FileType.REGULAR), **WHY),
        Write(path=f"{inner}/passwd", seen=Seen(FileType.REGULAR), content=b"stolen", **WHY),
        Write(path=f"{inner}/made", seen=ABSENT, content=b"", **WHY),
        MakeDirectory(path=f"{inner}/made", seen=ABSENT, **WHY),
        Link(path=f"{inner}/made", seen=ABSENT, target="x", **WHY),
        SetAttributes(path=f"{inner}/passwd", seen=Seen(FileType.REGULAR), mode=0o777, **WHY),
    ]
    apply(
        guest,
        Remove(path=f"{inner}/passwd", seen=Seen(FileType.REGULAR), **WHY),
        Remove(path=inner, seen=Seen(FileType.DIRECTORY), **WHY),
        Link(path=inner, seen=ABSENT, target=target, **WHY),
    )
    before = guest.index(("/etc",), digests=True)
    for change in late:
        with pytest.raises(ConflictError, match="its parent is not the directory it was"):
            apply(guest, change)
    assert guest.index(("/etc",), digests=True) == before


def test_a_link_swapped_in_by_the_plan_itself_is_a_conflict(guest: Guest, folder: str) -> None:
    apply(guest, MakeDirectory(path=f"{folder}/d", seen=ABSENT, **WHY))
    with pytest.raises(ConflictError, match="its parent is not the directory it was"):
        apply(
            guest,
            Write(path=f"{folder}/d/x", seen=ABSENT, content=b"", **WHY),
            Remove(path=f"{folder}/d/x", seen=Seen(FileType.REGULAR), **WHY),
            Remove(path=f"{folder}/d", seen=Seen(FileType.DIRECTORY), **WHY),
            Link(path=f"{folder}/d", seen=ABSENT, target="/etc", **WHY),
            Write(path=f"{folder}/d/stolen", seen=ABSENT, content=b"", **WHY),
        )
    assert entry(guest, "/etc/stolen") is None


def test_a_file_swapped_for_a_link_is_a_conflict(guest: Guest, file: str) -> None:
    seen = Seen.of(there(guest, file))
    apply(guest, Remove(path=file, seen=seen, **WHY), Link(path=file, seen=ABSENT, target="/etc/passwd", **WHY))
    with pytest.raises(ConflictError, match="a regular was seen there, now a symlink is"):
        apply(guest, Write(path=file, seen=seen, content=b"stolen", **WHY))
    assert guest.read("/etc/passwd").startswith(b"root:")


def test_a_new_file_is_not_written_through_a_link(guest: Guest, folder: str) -> None:
    apply(guest, Link(path=f"{folder}/link", seen=ABSENT, target=f"{folder}/elsewhere", **WHY))
    with pytest.raises(ConflictError):
        apply(guest, Write(path=f"{folder}/link", seen=ABSENT, content=b"", **WHY))
    assert entry(guest, f"{folder}/elsewhere") is None


def test_a_path_through_the_instance_link_is_no_canonical_path(guest: Guest) -> None:
    with pytest.raises(ConflictError, match="its parent is not the directory it was"):
        apply(guest, Write(path="/var/lib/cloud/instance/x", seen=ABSENT, content=b"", **WHY))


@pytest.mark.parametrize("path", ["/etc/../etc/x", "etc/x", "/etc//x", "/etc/./x", "/etc/x/"])
def test_only_canonical_paths_are_changed(guest: Guest, path: str) -> None:
    with pytest.raises(BuildError, match="not a canonical guest path"):
        apply(guest, Write(path=path, seen=ABSENT, content=b"", **WHY))


def test_a_symbolic_link_has_no_mode(guest: Guest, folder: str) -> None:
    apply(guest, Link(path=f"{folder}/link", seen=ABSENT, target="x", **WHY))
    with pytest.raises(BuildError, match="a symbolic link has no mode"):
        apply(guest, SetAttributes(path=f"{folder}/link", seen=Seen(FileType.SYMLINK), mode=0o600, **WHY))
