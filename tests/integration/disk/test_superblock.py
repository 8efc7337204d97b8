"""How far real file systems reach, and whether they were unmounted, as their own superblocks tell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from goldsmith.disk.filesystem import FileSystemKind
from goldsmith.disk.superblock import State, read_state

MIB = 1 << 20
SIZE = 320 * MIB


def made(folder: Path, kind: str, *options: str) -> Path:
    path = folder / f"disk.{kind}"
    with path.open("xb") as file:
        file.truncate(SIZE)
    subprocess.run([f"mkfs.{kind}", "-q", *options, path], check=True, capture_output=True, timeout=60)
    return path


def state(path: Path, kind: FileSystemKind) -> State:
    with path.open("rb") as file:

        def read(offset: int, length: int) -> bytes:
            file.seek(offset)
            return file.read(length)

        return read_state(kind, read)


@pytest.mark.process
@pytest.mark.parametrize("features", ["64bit", "^64bit"])
def test_ext4_as_it_is_made_is_clean_and_fills_its_partition(tmp_path: Path, features: str) -> None:
    path = made(tmp_path, "ext4", "-F", "-O", features)
    assert state(path, FileSystemKind.EXT4) == State(SIZE, clean=True, why="its superblock says so")


@pytest.mark.process
@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ("set_super_value state 0", "its superblock says that it is mounted"),
        ("set_super_value state 3", "its superblock counts errors"),
        ("feature needs_recovery", "its journal has to be replayed"),
    ],
)
def test_ext4_that_was_not_unmounted_says_why(tmp_path: Path, request_: str, why: str) -> None:
    path = made(tmp_path, "ext4", "-F")
    subprocess.run(["debugfs", "-w", "-R", request_, path], check=True, capture_output=True, timeout=60)
    found = state(path, FileSystemKind.EXT4)
    assert (found.clean, found.why, found.size) == (False, why, SIZE)


@pytest.mark.process
def test_xfs_as_it_is_made_is_clean(tmp_path: Path) -> None:
    path = made(tmp_path, "xfs")
    assert state(path, FileSystemKind.XFS) == State(SIZE, clean=True, why="the last record of its log is of an unmount")


@pytest.mark.root
def test_xfs_that_is_mounted_is_not_clean_and_is_after_it_was_unmounted(tmp_path: Path) -> None:
    path, mounted = made(tmp_path, "xfs"), tmp_path / "mounted"
    copy = tmp_path / "copy"
    mounted.mkdir()
    script = (
        f"mount -o loop {path} {mounted} && touch {mounted}/a && sync -f {mounted} && mkdir {mounted}/b "
        f"&& xfs_freeze -f {mounted} && xfs_freeze -u {mounted} && touch {mounted}/c && sync -f {mounted} "
        f"&& cp --sparse=always {path} {copy} && umount {mounted}"
    )
    subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert state(copy, FileSystemKind.XFS) == State(SIZE, clean=False, why="its log has to be replayed")
    assert state(path, FileSystemKind.XFS).clean is True


@pytest.mark.parametrize("kind", list(FileSystemKind))
def test_nothing_readable_is_nothing_known(kind: FileSystemKind) -> None:
    assert read_state(kind, lambda _offset, _length: b"").clean in {None, True}
    assert read_state(kind, lambda _offset, length: b"\xff" * min(length, 1 << 16)).clean is not False or kind.is_ext
