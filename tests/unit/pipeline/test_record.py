"""Logs and evidence outlive a build that fails, and only that."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from goldsmith.errors import BuildError, Interrupted, ProofError
from goldsmith.events import Event, Note
from goldsmith.pipeline.record import kept_on_failure
from goldsmith.settings import state_dir

STEM = "web-v1.0"


def fail(
    folder: Path,
    events: list[Event],
    files: dict[str, str],
    error: BaseException | None = None,
    *,
    stem: str = STEM,
) -> None:
    with kept_on_failure(folder, stem, events.append) as record:
        for name, text in files.items():
            (record / name).parent.mkdir(parents=True, exist_ok=True)
            (record / name).write_text(text)
        raise error or BuildError("broken")


@pytest.fixture
def kept(own_folders: Path) -> Path:
    folder = state_dir() / "failed" / STEM
    assert folder.is_relative_to(own_folders)
    return folder


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_failure_keeps_everything_and_says_where(kept: Path, tmp_path: Path, events: list[Event]) -> None:
    files = {"customize.log": "E: broken\n", "clone1/console.log": "panic\n"}
    error = ProofError("not proven")
    with pytest.raises(ProofError) as caught:
        fail(tmp_path / "record", events, files, error)
    assert caught.value is error
    assert content(kept) == files
    assert events == [Note(f"logs and evidence: {kept}")]


def test_the_next_failure_of_the_image_replaces_it(kept: Path, tmp_path: Path, events: list[Event]) -> None:
    for number, name in enumerate(("old.log", "new.log")):
        with pytest.raises(BuildError):
            fail(tmp_path / str(number), events, {name: ""})
    assert content(kept) == {"new.log": ""}


def test_an_image_of_another_name_keeps_its_own(kept: Path, tmp_path: Path, events: list[Event]) -> None:
    with pytest.raises(BuildError):
        fail(tmp_path / "one", events, {"one.log": ""})
    with pytest.raises(BuildError):
        fail(tmp_path / "two", events, {"two.log": ""}, stem="db-v2")
    assert (content(kept), content(kept.with_name("db-v2"))) == ({"one.log": ""}, {"two.log": ""})


def test_a_failure_that_wrote_nothing_keeps_nothing(kept: Path, tmp_path: Path, events: list[Event]) -> None:
    with pytest.raises(BuildError):
        fail(tmp_path / "record", events, {})
    assert (kept.exists(), events) == (False, [])


def test_a_failure_that_wrote_nothing_leaves_what_an_earlier_one_kept(
    kept: Path, tmp_path: Path, events: list[Event]
) -> None:
    for number, files in enumerate(({"old.log": ""}, {})):
        with pytest.raises(BuildError):
            fail(tmp_path / str(number), events, files)
    assert content(kept) == {"old.log": ""}


def test_who_stops_a_build_asked_for_no_evidence(kept: Path, tmp_path: Path, events: list[Event]) -> None:
    with pytest.raises(Interrupted):
        fail(tmp_path / "record", events, {"customize.log": ""}, Interrupted("interrupted"))
    assert (kept.exists(), events) == (False, [])


def test_a_build_that_ends_well_keeps_nothing_here(kept: Path, tmp_path: Path, events: list[Event]) -> None:
    with kept_on_failure(tmp_path / "record", STEM, events.append) as record:
        (record / "customize.log").touch()
    assert (kept.exists(), events) == (False, [])
    assert record == tmp_path / "record"


def test_a_full_disk_does_not_hide_the_failure(
    kept: Path, tmp_path: Path, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(BuildError, match="broken"):
        fail(tmp_path / "record", events, {"customize.log": ""})
    assert events == [Note(f"logs and evidence cannot be kept in {kept}: No space left on device", warning=True)]
