"""What stands where a log should be, and files that refuse to go: every engine changes what the plan says, no more."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from goldsmith.disk.disk import Disk
from goldsmith.errors import BuildError, GoldsmithError
from goldsmith.guest.change import ABSENT, Change, Link, MakeDirectory, Plan, Remove, Seen, SetAttributes, Write
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.guest.open import open_guest

from .conftest import DISK_ENGINES, ROOT_OFFSET, make_disk, make_tree, opened, requires_root

WHY: dict[str, Any] = {"operation": "test", "reason": "because"}
TERABYTE = 1 << 40
# chattr's letters; what is made in them and how they are protected.
PROTECTED = {
    "t/immutable": "i",
    "t/append": "a",
    "t/rewritten": "i",
    "t/twice": "i",
    "t/attributes": "i",
    "t/folder": "i",
    "t/log": "a",
}
NAMES = (b"new\nline", b"not\xffutf8", b"x" * 255, b"-rf", b"esc\x1b[31m")


def plant(top: Path) -> None:
    """Everything that no tool which fills a file system from a tree can make."""
    hostile = os.fsencode(top / "t")
    for name in ("immutable", "append", "rewritten", "twice", "attributes"):
        (top / "t" / name).write_text("old\n")
    os.link(top / "t/twice", top / "t/other-name")
    for folder in ("folder", "log", "names"):
        (top / "t" / folder).mkdir()
    (top / "t/folder/inside").write_text("x")
    (top / "t/log/inside").write_text("x")
    for raw in NAMES:
        Path(os.fsdecode(hostile + b"/names/" + raw)).write_bytes(b"log\n")
    with (top / "t/lastlog").open("wb") as file:
        file.truncate(TERABYTE)
        file.seek(TERABYTE - 4)
        file.write(b"last")
    for path, letter in PROTECTED.items():
        subprocess.run(["chattr", f"+{letter}", top / path], check=True)


def flags(top: Path) -> dict[str, str]:
    """The protection of what is still there."""
    found = {}
    for path in PROTECTED:
        if (top / path).exists():
            said = subprocess.run(["lsattr", "-d", top / path], check=True, capture_output=True, text=True).stdout
            found[path] = "".join(sorted(set(said.split()[0]) & set("ia")))
    return found


@contextmanager
def looked_into(disk: Path) -> Iterator[Path]:
    """The file system of the disk, mounted by the host."""
    folder = disk.parent / "mounted"
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", f"loop,offset={ROOT_OFFSET}", disk, folder], check=True)
    try:
        yield folder
    finally:
        # Somebody's copy of this mount namespace may keep it mounted for a while.
        subprocess.run(["sync", "--file-system", folder], check=True)
        subprocess.run(["umount", folder], check=True)


@pytest.fixture(scope="module")
def hostile_disk(tmp_path_factory: pytest.TempPathFactory) -> Disk:
    folder = tmp_path_factory.mktemp("hostile")
    # 1 TB in one file needs blocks of 4 KiB.
    disk = make_disk(folder / "disk.raw", make_tree(folder / "tree"), fill=("-b", "4096"))
    shutil.rmtree(folder / "tree")
    with looked_into(disk.path) as top:
        plant(top)
    return disk


def seen(index: Index, path: str) -> Seen:
    entry = index[path]
    return Seen(type=entry.type, inode=entry.inode)


def plan(index: Index) -> list[Change]:
    return [
        Remove(path="/t/immutable", seen=seen(index, "/t/immutable"), **WHY),
        Remove(path="/t/append", seen=seen(index, "/t/append"), **WHY),
        Write(path="/t/rewritten", seen=seen(index, "/t/rewritten"), content=b"new\n", **WHY),
        Remove(path="/t/twice", seen=seen(index, "/t/twice"), **WHY),
        SetAttributes(path="/t/attributes", seen=seen(index, "/t/attributes"), mode=0o600, **WHY),
        Remove(path="/t/folder/inside", seen=seen(index, "/t/folder/inside"), **WHY),
        Write(path="/t/folder/new", seen=ABSENT, content=b"new\n", **WHY),
        MakeDirectory(path="/t/folder/made", seen=ABSENT, mode=0o755, **WHY),
        Link(path="/t/log/link", seen=ABSENT, target="inside", **WHY),
        Remove(path="/t/log/inside", seen=seen(index, "/t/log/inside"), **WHY),
        Write(path="/t/lastlog", seen=seen(index, "/t/lastlog"), content=b"", **WHY),
        *(
            Remove(path=f"/t/names/{os.fsdecode(raw)}", seen=seen(index, f"/t/names/{os.fsdecode(raw)}"), **WHY)
            for raw in NAMES
        ),
    ]


AFTER = {
    "t/append": None,
    "t/immutable": None,
    "t/twice": None,
    "t/folder/inside": None,
    "t/log/inside": None,
    "t/rewritten": "new\n",
    "t/other-name": "old\n",
    "t/folder/new": "new\n",
    "t/lastlog": "",
}
# What is gone has none; everything else is protected as it was.
FLAGS_AFTER = {path: letter for path, letter in PROTECTED.items() if path not in {"t/immutable", "t/append", "t/twice"}}


def apply_all(guest: Guest) -> None:
    index = guest.index(["/t"])
    assert index["/t/lastlog"].size == TERABYTE
    with pytest.raises(BuildError, match="more than the limit"):
        guest.read("/t/lastlog", 1 << 20)
    guest.apply(Plan(tuple(plan(index))))


def check(top: Path) -> None:
    for path, content in AFTER.items():
        assert (path, (top / path).read_text() if (top / path).exists() else None) == (path, content)
    assert flags(top) == FLAGS_AFTER
    assert (top / "t/attributes").stat().st_mode & 0o777 == 0o600
    assert (top / "t/folder/made").is_dir()
    assert list((top / "t/names").iterdir()) == []


@pytest.mark.parametrize("engine", DISK_ENGINES)
def test_protected_files_of_a_disk(engine: str, hostile_disk: Disk, tmp_path: Path) -> None:
    copy = tmp_path / "disk.raw"
    subprocess.run(["cp", "--sparse=always", hostile_disk.path, copy], check=True)
    with opened(engine, tmp_path, Disk(copy, hostile_disk.format, hostile_disk.virtual_size)) as opening:
        apply_all(opening.guest)
        opening.guest.sync()
    subprocess.run(
        ["qemu-img", "convert", "-f", "qcow2", "-O", "raw", tmp_path / "overlay.qcow2", tmp_path / "after.raw"],
        check=True,
    )
    with looked_into(tmp_path / "after.raw") as top:
        check(top)


@pytest.mark.root
@requires_root
def test_protected_files_of_a_directory(hostile_disk: Disk, tmp_path: Path) -> None:
    copy = tmp_path / "disk.raw"
    subprocess.run(["cp", "--sparse=always", hostile_disk.path, copy], check=True)
    with looked_into(copy) as top:
        (tmp_path / "scratch").mkdir()
        with open_guest(top, engine="tree", scratch=tmp_path / "scratch") as guest:
            apply_all(guest)
        check(top)


@pytest.fixture
def written_nowhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system that is mounted to be read only."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def remove_one(disk: Path, like: Disk, scratch: Path) -> None:
    with open_guest(Disk(disk, like.format, like.virtual_size), engine="mount", scratch=scratch) as guest:
        index = guest.index(["/t"])
        guest.apply(Plan((Remove(path="/t/append", seen=seen(index, "/t/append"), **WHY),)))


@pytest.mark.root
@requires_root
def test_a_file_system_that_is_read_only_is_one_line(hostile_disk: Disk, tmp_path: Path) -> None:
    copy = tmp_path / "disk.raw"
    subprocess.run(["cp", "--sparse=always", hostile_disk.path, copy], check=True)
    subprocess.run(["tune2fs", "-O", "read-only", f"{copy}?offset={ROOT_OFFSET}"], check=True, capture_output=True)
    with pytest.raises(BuildError, match="Read-only file system"):
        remove_one(copy, hostile_disk, tmp_path)


@pytest.mark.root
@requires_root
def test_a_disk_that_cannot_be_written_is_one_line(hostile_disk: Disk, tmp_path: Path, written_nowhere: Path) -> None:
    copy = written_nowhere / "disk.raw"
    subprocess.run(["cp", "--sparse=always", hostile_disk.path, copy], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", written_nowhere], check=True)
    with pytest.raises(GoldsmithError) as caught:
        remove_one(copy, hostile_disk, tmp_path)
    assert "\n" not in caught.value.message
    assert str(copy) in caught.value.message
