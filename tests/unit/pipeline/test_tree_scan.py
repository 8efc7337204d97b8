"""Searching a directory for canaries: every place that a tree has, and trees that mean harm."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from goldsmith.errors import InputError
from goldsmith.pipeline.existing import tree_scan
from goldsmith.pipeline.existing.canaries import read_canaries
from goldsmith.pipeline.existing.tree_scan import scan_tree
from goldsmith.rules.bytes.subject import BytesSubject
from goldsmith.secrets import Secret

CANARY = b"canary-of-this-test-4711"


def scanned(top: Path) -> BytesSubject:
    return scan_tree(top, (Secret("canary", CANARY),))


def places(top: Path) -> set[tuple[str | None, str, str]]:
    return {(each.path, each.where, each.form) for each in scanned(top).found}


def test_contents_names_targets_and_attributes(tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv/plain").write_bytes(b"x" * 100 + CANARY)
    (tmp_path / "srv/encoded").write_bytes(base64.b64encode(b"password=" + CANARY))
    (tmp_path / f"srv/{CANARY.decode()}").mkdir()
    (tmp_path / "srv/link").symlink_to(f"/x/{CANARY.decode()}")
    os.setxattr(tmp_path / "srv", "user.note", CANARY)
    assert places(tmp_path) == {
        ("/srv/plain", "at byte 100", "as it is"),
        ("/srv/encoded", "at byte 12", "encoded"),
        (f"/srv/{CANARY.decode()}", "in its name", "as it is"),
        ("/srv/link", "in its target", "as it is"),
        ("/srv", "in the attribute user.note", "as it is"),
    }


def test_a_clean_tree(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(CANARY[:-1])
    assert scanned(tmp_path) == BytesSubject(("canary",), (), ())


@pytest.mark.parametrize("before", [4090, 4095, 4096, 8192 - 3])
def test_a_canary_across_chunks(before: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_scan, "CHUNK", 4096)
    (tmp_path / "x").write_bytes(b"." * before + CANARY)
    assert places(tmp_path) == {("/x", f"at byte {before}", "as it is")}


def test_holes_are_skipped(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.seek(1 << 40)
        file.write(CANARY)
    assert places(tmp_path) == {("/sparse", f"at byte {1 << 40}", "as it is")}


def test_nothing_is_followed_and_nothing_waits(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    (tmp_path / "outside").write_bytes(CANARY)
    (top / "link").symlink_to("../outside")
    (top / "loop").symlink_to(".")
    os.mkfifo(top / "fifo")
    (top / os.fsdecode(b"\xff\n")).write_bytes(b"")
    assert scanned(top) == BytesSubject(("canary",), (), ())


def test_what_is_too_deep_is_told_to_be_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_scan, "DEEPEST", 2)
    (tmp_path / "a/b/c/d").mkdir(parents=True)
    assert scanned(tmp_path).unread == ("/a/b/c",)


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        scanned(tmp_path / "none")


def test_a_canary_is_a_files_content_without_its_last_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_bytes(CANARY + b"\r\n\n")
    (canary,) = read_canaries([path, path])
    assert (canary.name, canary.value) == (str(path), CANARY)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "too simple"), (b"short\n", "too simple"), (b"a" * 100, "too simple"), (b"0123" * 20_000, "longer than")],
)
def test_useless_canaries_are_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_canaries([tmp_path / "c"])


def test_a_canary_that_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path, said in (
        (tmp_path / "fifo", "no regular file"),
        (tmp_path, "no regular file"),
        (tmp_path / "no", "No such"),
    ):
        with pytest.raises(InputError, match=said):
            read_canaries([path])
