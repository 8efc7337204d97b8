"""Pools: nothing half-made is visible, nothing admitted changes, what dead runs left goes."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from goldsmith.disk import lease
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import HostError, InputError, TrustError
from goldsmith.pool import admission
from goldsmith.pool.naming import ImageName
from goldsmith.pool.pool import Pool

from .conftest import CONTENT, evidence, make_manifest, sealed, visible


def test_an_admitted_image_with_its_evidence(pool: Pool) -> None:
    with pool.scratch() as scratch:
        done = pool.admit(sealed(scratch), make_manifest(), {".evidence": evidence(scratch)})
    assert done.new
    assert visible(pool) == ["base-v1.0.evidence", "base-v1.0.json", "base-v1.0.qcow2"]
    image = done.image
    assert image.path.read_bytes() == CONTENT
    assert image.path.stat().st_mode & 0o222 == 0
    assert image.disk == Disk(pool.root / "base-v1.0.qcow2", DiskFormat.QCOW2, 1 << 30)
    assert (pool.root / "base-v1.0.evidence/clone1/console.log").read_text() == "booted"
    assert pool.find("base") == image
    pool.verify_digest(image)


def test_the_images_name_comes_last(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    before: list[list[str]] = []
    link = os.link

    def watched(*arguments: object, **options: object) -> None:
        before.append([name for name in visible(pool) if not name.startswith(".")])
        link(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "link", watched)
    with pool.scratch() as scratch:
        pool.admit(sealed(scratch), make_manifest(), {".evidence": evidence(scratch)})
    assert before == [["base-v1.0.evidence", "base-v1.0.json"]]


def test_the_same_build_again_is_already_built(pool: Pool) -> None:
    with pool.scratch() as scratch:
        first = pool.admit(sealed(scratch), make_manifest())
        second = pool.admit(sealed(scratch, b"other bytes"), make_manifest(size=1))
    assert (second.new, second.image) == (False, first.image)
    assert pool.already_built(ImageName("base", "1.0"), "key") == first.image
    assert first.image.path.read_bytes() == CONTENT


@pytest.mark.parametrize("file", ["base-v1.0.qcow2", "base-v1.0.raw"])
def test_another_build_of_the_same_name_is_refused(pool: Pool, file: str) -> None:
    stated = DiskFormat.RAW if file.endswith("raw") else DiskFormat.QCOW2
    with pool.scratch() as scratch:
        pool.admit(sealed(scratch), make_manifest())
        with pytest.raises(InputError, match="built from other inputs") as caught:
            pool.admit(sealed(scratch, b"x"), make_manifest(build_key="other", file=file, format=stated))
    assert "raise the version" in (caught.value.hint or "")
    assert visible(pool) == ["base-v1.0.json", "base-v1.0.qcow2"]


@pytest.mark.parametrize("taken", ["base-v1.0.qcow2", "base-v1.0.json", "base-v1.0.evidence"])
def test_files_of_others_are_never_replaced(pool: Pool, taken: str) -> None:
    with pool.scratch() as scratch:
        (pool.root / taken).write_text("mine")
        with pytest.raises(InputError, match="there already"):
            pool.admit(sealed(scratch), make_manifest(), {".evidence": evidence(scratch)})
    assert visible(pool) == [taken]
    assert (pool.root / taken).read_text() == "mine"


def test_two_admissions_at_once_have_one_winner(pool: Pool, tmp_path: Path) -> None:
    results: list[str] = []
    start = threading.Barrier(4)

    def admit(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        image = sealed(folder, b"%d" % number)
        start.wait()
        try:
            results.append(f"new {pool.admit(image, make_manifest(build_key=str(number))).image.manifest.build_key}")
        except InputError as error:
            results.append(error.message)

    threads = [threading.Thread(target=admit, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = next(result for result in results if result.startswith("new")).split()[1]
    assert sorted("other inputs" in result for result in results) == [False, True, True, True]
    assert (pool.root / "base-v1.0.qcow2").read_text() == winner
    found = pool.find("base")
    assert found
    assert found.manifest.build_key == winner
    assert visible(pool) == ["base-v1.0.json", "base-v1.0.qcow2"]


def test_a_failed_link_leaves_nothing(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    with pool.scratch() as scratch, pytest.raises(HostError, match="no space left"):
        pool.admit(sealed(scratch), make_manifest(), {".evidence": evidence(scratch)})
    assert visible(pool) == []


def test_a_file_system_without_hard_links_is_served(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pool.scratch() as scratch:
        assert pool.admit(sealed(scratch), make_manifest()).new
    assert visible(pool) == ["base-v1.0.json", "base-v1.0.qcow2"]


def test_versions_and_references(pool: Pool) -> None:
    with pool.scratch() as scratch:
        for version in ("1.9", "1.10", "1.10~rc1"):
            pool.admit(sealed(scratch), make_manifest(version=version))
        pool.admit(sealed(scratch), make_manifest(name="other"))
    assert [str(image.name) for image in pool.list()] == ["base:1.9", "base:1.10~rc1", "base:1.10", "other:1.0"]
    assert str(pool.resolve("base").name) == "base:1.10"
    assert str(pool.resolve("base:1.9").name) == "base:1.9"
    assert pool.find("missing") is None
    with pytest.raises(InputError, match="no image base:3") as caught:
        pool.resolve("base:3")
    assert "base:1.10" in (caught.value.hint or "")


def test_a_pool_that_does_not_exist_is_empty(pool: Pool) -> None:
    assert (pool.list(), pool.find("base"), pool.stale(), pool.clear()) == ((), None, (), ())
    assert not pool.root.exists()


def test_damaged_manifest_hides_the_image_and_is_named(pool: Pool) -> None:
    with pool.scratch() as scratch:
        pool.admit(sealed(scratch), make_manifest())
    (pool.root / "base-v1.0.json").write_text("{}")
    assert pool.list() == ()
    with pytest.raises(InputError, match="no manifest"):
        pool.find("base")


def test_changed_bytes_do_not_pass(pool: Pool) -> None:
    with pool.scratch() as scratch:
        image = pool.admit(sealed(scratch), make_manifest()).image
    image.path.chmod(0o644)
    image.path.write_bytes(CONTENT[:-1] + b"X")
    with pytest.raises(TrustError, match="has changed"):
        pool.verify_digest(image)


def test_scratch_is_hidden_private_and_goes(pool: Pool) -> None:
    with pool.scratch() as scratch:
        assert scratch.parent == pool.root
        assert scratch.name.startswith(".goldsmith-")
        assert scratch.stat().st_mode & 0o777 == 0o700
        (scratch / "tree").mkdir()
        (scratch / "tree" / "file").touch()
        (scratch / "tree").chmod(0o555)
        assert pool.stale() == ()
        assert pool.clear() == ()
        assert scratch.exists()
    assert visible(pool) == []


def test_a_dead_runs_scratch_is_listed_and_cleared(pool: Pool) -> None:
    dead = pool.root / ".goldsmith-1-dead"
    dead.mkdir(parents=True)
    (dead / "flat.raw").write_bytes(b"x" * 100_000)
    (pool.root / ".goldsmith-notes.txt").touch()
    assert [(each.path, each.bytes >= 100_000) for each in pool.stale()] == [(dead, True)]
    with pool.scratch():
        assert not dead.exists()
    assert visible(pool) == [".goldsmith-notes.txt"]


def test_links_named_like_scratch_are_left_alone(pool: Pool, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.mkdir()
    (target / "file").touch()
    pool.root.mkdir()
    (pool.root / ".goldsmith-1-link").symlink_to(target)
    assert pool.clear() == ()
    assert (target / "file").exists()


def interrupt(pool: Pool, scratch: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Admit until `os.NAME` is called, and stop there as SIGKILL would: without any clean-up."""

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, name, stop)
        patched.setattr(admission, "_undo", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            pool.admit(sealed(scratch), make_manifest(), {".evidence": evidence(scratch)})


def test_an_admission_that_died_before_the_name_is_undone(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    with pool.scratch() as scratch:
        interrupt(pool, scratch, monkeypatch, "link")
        assert "base-v1.0.json" in visible(pool)
        assert pool.list() == ()
        assert {each.path.name for each in pool.stale()} >= {"base-v1.0.json", "base-v1.0.evidence"}
        cleared = pool.clear()
        assert sum(each.bytes for each in cleared) > 0
        assert visible(pool) == [scratch.name]


def test_the_next_run_admits_over_what_a_dead_one_left(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    with pool.scratch() as scratch:
        interrupt(pool, scratch, monkeypatch, "link")
    with pool.scratch() as scratch:
        assert pool.admit(sealed(scratch), make_manifest(build_key="second")).new
    assert visible(pool) == ["base-v1.0.json", "base-v1.0.qcow2"]


def test_an_admission_that_died_after_the_name_stands(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    with pool.scratch() as scratch:
        monkeypatch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            pool.admit(sealed(scratch), make_manifest())
        monkeypatch.undo()
        pool.clear()
        image = pool.find("base")
        assert image
        pool.verify_digest(image)
    assert visible(pool) == ["base-v1.0.json", "base-v1.0.qcow2"]


def test_a_hostile_intent_reaches_nothing_else(pool: Pool) -> None:
    pool.root.mkdir()
    (pool.root / "precious").touch()
    for text in (
        '{"image": "base-v1.0.qcow2", "beside": ["precious", "base-v1.0/../precious", "../precious"]}',
        '{"image": "../x", "beside": ["precious"]}',
        "[]",
        "{",
    ):
        (pool.root / f"{admission.INTENT}base-v1.0").write_text(text)
        pool.clear()
        assert visible(pool) == ["precious"]


def test_a_pool_that_is_a_file_or_below_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "pool"):
        with pytest.raises(InputError, match="folder"), Pool(root).scratch():
            pass


@pytest.mark.rootless
def test_unwritable_pool_is_a_host_error(pool: Pool) -> None:
    pool.root.mkdir()
    pool.root.chmod(0o555)
    with pytest.raises(HostError, match="cannot be written"), pool.scratch():
        pass


def test_lease_of_a_folder_that_is_a_link(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    pool.root.symlink_to(tmp_path / "elsewhere")
    with lease.lease(pool.root) as folder:
        assert (tmp_path / "elsewhere" / folder.name).is_dir()
    assert list((tmp_path / "elsewhere").iterdir()) == []
