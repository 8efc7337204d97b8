"""Garbage: a dry run names what a real one removes; what lives and what was admitted stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith.disk.lease import disk_usage, lease
from goldsmith.pipeline.collect import Garbage, collect
from goldsmith.pool.pool import Pool
from goldsmith.settings import cache_dir, scratch_dir

DEAD = ".goldsmith-1-0badcafe"
RECORD = "key-0.json"


@pytest.fixture
def pool(own_folders: Path) -> Pool:
    root = own_folders / "images"
    root.mkdir()
    (root / "web-v1.0.qcow2").write_text("an image")
    return Pool(root)


def abandon(folder: Path) -> Path:
    """What a killed run leaves: a scratch folder that nobody holds."""
    dead = folder / DEAD
    dead.mkdir(parents=True)
    (dead / "overlay.qcow2").write_bytes(b"x" * 100_000)
    return dead


def bases() -> Path:
    """A cache with one base that has lost its record's other half, and one record."""
    root = cache_dir() / "bases"
    root.mkdir(parents=True)
    (root / RECORD).write_text("{}")
    return root


def test_a_dry_run_names_and_a_real_one_removes(pool: Pool) -> None:
    dead = (abandon(pool.root), abandon(scratch_dir()))
    expected = tuple((path, disk_usage(path)) for path in dead)
    planned = collect(pool, bases=False, dry_run=True)
    assert planned == Garbage(expected, dry_run=True)
    assert all(path.exists() for path in dead)
    assert collect(pool, bases=False, dry_run=False) == Garbage(expected, dry_run=False)
    assert not any(path.exists() for path in dead)
    assert [path.name for path in pool.root.iterdir()] == ["web-v1.0.qcow2"]


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_a_living_run_uses_stays(pool: Pool, dry_run: bool) -> None:  # noqa: FBT001
    with lease(pool.root) as one, lease(scratch_dir()) as other:
        assert collect(pool, bases=False, dry_run=dry_run).removed == ()
        assert one.is_dir()
        assert other.is_dir()


def test_nothing_is_made_where_nothing_is(own_folders: Path) -> None:
    before = sorted(own_folders.rglob("*"))
    assert collect(Pool(own_folders / "images"), bases=True, dry_run=False) == Garbage((), dry_run=False)
    assert sorted(own_folders.rglob("*")) == before


def test_bases_stay_unless_asked_for(pool: Pool) -> None:
    record = bases() / RECORD
    assert collect(pool, bases=False, dry_run=False).removed == ()
    size = disk_usage(record)
    assert collect(pool, bases=True, dry_run=True).removed == ((record, size),)
    assert record.exists()
    assert collect(pool, bases=True, dry_run=False).removed == ((record, size),)
    assert not record.exists()


def test_a_dead_runs_work_in_the_cache_goes_too(pool: Pool) -> None:
    dead = abandon(bases())
    expected = ((dead, disk_usage(dead)),)
    assert collect(pool, bases=False, dry_run=True).removed == expected
    assert collect(pool, bases=False, dry_run=False).removed == expected
    assert not dead.exists()


def test_the_documents() -> None:
    removed = ((Path("/a"), 1 << 20), (Path("/b"), 1 << 19))
    assert Garbage(removed, dry_run=True).as_json() == {
        "dry_run": True,
        "removed": [{"path": "/a", "bytes": 1 << 20}, {"path": "/b", "bytes": 1 << 19}],
        "bytes": 3 << 19,
    }
    assert Garbage(removed, dry_run=True).as_text() == [
        "would remove /a (1.0 MiB)",
        "would remove /b (0.5 MiB)",
        "would remove 2 things, 1.5 MiB",
    ]
    assert Garbage((), dry_run=False).as_text() == ["removed 0 things, 0.0 MiB"]
