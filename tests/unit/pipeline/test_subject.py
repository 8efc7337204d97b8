"""What a command's argument stands for."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import InputError, TrustError
from goldsmith.pipeline.subject import disk_or_tree

SIZE = 1 << 20
NOT_STATED = "name it .qcow2 or .raw, or say --format qcow2 or --format raw"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return image(tmp_path / "disk.raw")


def image(path: Path, start: bytes = b"\xeb\x63") -> Path:
    """A raw disk of 1 MiB with a boot sector."""
    path.write_bytes((start.ljust(510, b"\0") + b"\x55\xaa").ljust(SIZE, b"\0"))
    return path


def refusal(path: Path, stated: DiskFormat | None) -> tuple[str, str | None]:
    with pytest.raises(InputError) as caught:
        disk_or_tree(path, stated)
    return caught.value.message, caught.value.hint


def test_a_directory_is_a_tree(tmp_path: Path) -> None:
    (tmp_path / "tree.raw").mkdir()
    assert disk_or_tree(tmp_path / "tree.raw", None) == tmp_path / "tree.raw"


def test_a_directory_has_no_format(tmp_path: Path) -> None:
    assert refusal(tmp_path, DiskFormat.RAW) == (
        f"{tmp_path} is a directory: it has no disk format",
        "leave --format out",
    )


def test_a_disk_is_what_its_name_says(raw: Path) -> None:
    assert disk_or_tree(raw, None) == Disk(raw, DiskFormat.RAW, SIZE)


def test_what_is_stated_is_stronger_than_the_name(tmp_path: Path) -> None:
    path = image(tmp_path / "disk.qcow2")
    assert disk_or_tree(path, DiskFormat.RAW) == Disk(path, DiskFormat.RAW, SIZE)


@pytest.mark.parametrize("name", ["disk", "disk.img", "disk.RAW", "disk.raw.bak", ".raw"])
def test_a_format_is_never_guessed(tmp_path: Path, name: str) -> None:
    path = image(tmp_path / name)
    assert refusal(path, None) == (f"the format of {path} is not stated", NOT_STATED)
    assert disk_or_tree(path, DiskFormat.RAW) == Disk(path, DiskFormat.RAW, SIZE)


def test_nothing_there(tmp_path: Path) -> None:
    path = tmp_path / "missing.raw"
    assert refusal(path, None) == (f"{path} does not exist", None)


def test_a_link_is_what_it_leads_to(tmp_path: Path, raw: Path) -> None:
    (tmp_path / "link.raw").symlink_to(raw)
    (tmp_path / "nowhere.raw").symlink_to("missing")
    assert disk_or_tree(tmp_path / "link.raw", None) == Disk(raw, DiskFormat.RAW, SIZE)
    assert refusal(tmp_path / "nowhere.raw", None) == (f"{tmp_path / 'nowhere.raw'} does not exist", None)


def test_a_disk_that_is_not_what_its_name_says(raw: Path) -> None:
    path = raw.rename(raw.with_suffix(".qcow2"))
    with pytest.raises(InputError, match="qcow2"):
        disk_or_tree(path, None)


def test_a_raw_disk_that_begins_like_another_format_is_hostile(tmp_path: Path) -> None:
    path = image(tmp_path / "disk.raw", b"QFI\xfb\0\0\0\3")
    with pytest.raises(TrustError):
        disk_or_tree(path, None)
