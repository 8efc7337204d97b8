"""The cache keeps bases under their digest, and believes nothing that it has not read again."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from goldsmith.base.base import Base
from goldsmith.base.cache import Cache, clear_stale, entries
from goldsmith.base.hold import held
from goldsmith.base.settle import Made, Wanted, settle
from goldsmith.base.trust import Trust, TrustLevel
from goldsmith.disk.disk import DiskFormat
from goldsmith.errors import HostError, InputError, TrustError
from goldsmith.events import Event, Note, ignore

NOBODY = Trust(TrustLevel.NONE)
RAW = DiskFormat.RAW


def image(seed: bytes = b"one") -> bytes:
    disk = bytearray(1 << 16)
    disk[:2], disk[510:512], disk[4096 : 4096 + len(seed)] = b"\xeb\x63", b"\x55\xaa", seed
    return bytes(disk)


def admit(cache: Cache, key: str = "request", content: bytes | None = None) -> Base:
    content = image() if content is None else content
    with cache.work() as work:
        made = work / "disk"
        made.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        return cache.admit(made, RAW, key=key, origin="here", trust=NOBODY, sha256=digest)


def test_what_was_admitted_is_found(cache: Cache) -> None:
    admitted = admit(cache)
    found = cache.find("request")
    assert found is not None
    assert (found.sha256, found.disk, found.origin, found.trust) == (
        hashlib.sha256(image()).hexdigest(),
        admitted.disk,
        "here",
        NOBODY,
    )
    assert (admitted.cached, found.cached) == (False, True)


def test_a_base_is_read_only_and_named_by_its_digest(cache: Cache) -> None:
    path = admit(cache).disk.path
    assert path.name == f"sha256-{hashlib.sha256(image()).hexdigest()}.raw"
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_another_request_finds_nothing(cache: Cache) -> None:
    admit(cache)
    assert cache.find("another request") is None


def test_a_changed_base_is_thrown_away_with_a_note(cache: Cache, events: list[Event]) -> None:
    path = admit(cache).disk.path
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(5000)
        file.write(b"!")
    assert cache.find("request", events.append) is None
    assert [event.warning for event in events if isinstance(event, Note)] == [True]
    assert not path.exists()
    assert cache.entries() == ()


def test_a_truncated_base_is_thrown_away(cache: Cache) -> None:
    path = admit(cache).disk.path
    os.truncate(path, 100)
    assert cache.find("request") is None


def test_a_link_in_a_bases_place_is_not_followed(cache: Cache, tmp_path: Path) -> None:
    path = admit(cache).disk.path
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert cache.find("request") is None
    assert elsewhere.exists()


@pytest.mark.parametrize("text", ["", "null", "[]", '{"schema": "goldsmith.base/1"}', "\x00\xff"])
def test_a_damaged_record_is_no_record(cache: Cache, text: str) -> None:
    admit(cache)
    next(cache.root.glob("key-*.json")).write_text(text, encoding="utf-8")
    assert cache.find("request") is None


def test_a_record_cannot_name_a_file_elsewhere(cache: Cache) -> None:
    admit(cache)
    record = next(cache.root.glob("key-*.json"))
    record.write_text(json.dumps(json.loads(record.read_text()) | {"sha256": "../../../etc/passwd"}))
    assert cache.find("request") is None


def test_the_record_says_where_it_came_from(cache: Cache) -> None:
    admit(cache)
    (entry,) = cache.entries()
    assert (entry.key, entry.origin, entry.trust, entry.size) == ("request", "here", NOBODY, 1 << 16)
    assert entries() == (entry,)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", InputError),
        (b"just a text file\n" * 100, InputError),
        (b"QFI\xfb" + bytes(4096), TrustError),
    ],
)
def test_what_is_no_disk_is_not_admitted(cache: Cache, content: bytes, error: type[InputError | TrustError]) -> None:
    with pytest.raises(error, match=r"^here") as raised:
        admit(cache, content=content)
    assert ".goldsmith-" not in raised.value.message
    assert sorted(path.name for path in cache.root.iterdir()) == ["locks"]


def test_nothing_is_left_when_making_fails(cache: Cache) -> None:
    def make(work: Path) -> Made:
        (work / "half").write_bytes(b"half")
        raise HostError("no network")

    with pytest.raises(HostError):
        settle(cache, Wanted("request", "here", NOBODY, RAW), make, emit=ignore)
    assert sorted(path.name for path in cache.root.iterdir()) == ["locks"]


def test_two_runs_at_once_make_it_once(cache: Cache) -> None:
    made: list[Path] = []
    notes: list[Event] = []

    def make(work: Path) -> Made:
        time.sleep(0.3)
        made.append(work / "disk")
        made[-1].write_bytes(image())
        return Made(made[-1])

    def run() -> None:
        bases.append(settle(cache, Wanted("request", "here", NOBODY, RAW), make, emit=notes.append))

    bases: list[Base] = []
    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert {base.sha256 for base in bases} == {hashlib.sha256(image()).hexdigest()}
    assert sorted(base.cached for base in bases) == [False, True, True]
    waiting = "another run is fetching or making this base: waiting for it"
    assert [event.text for event in notes if isinstance(event, Note)] == [waiting, waiting]


def test_refresh_makes_it_again(cache: Cache) -> None:
    def make_with(seed: bytes) -> str:
        def make(work: Path) -> Made:
            (work / "disk").write_bytes(image(seed))
            return Made(work / "disk")

        wanted = Wanted("request", "here", NOBODY, RAW)
        return settle(cache, wanted, make, refresh=seed == b"new", emit=ignore).sha256

    assert make_with(b"old") == make_with(b"ignored") != make_with(b"new")


def test_trust_is_that_of_the_request_not_of_who_came_first(cache: Cache) -> None:
    admit(cache)
    pinned = Trust(TrustLevel.PINNED, "digest")
    base = settle(cache, Wanted("request", "there", pinned, RAW), Made, emit=ignore)
    assert (base.origin, base.trust) == ("there", pinned)


def test_a_dead_runs_folder_is_cleared_and_a_live_ones_is_not(cache: Cache) -> None:
    dead = cache.root / ".goldsmith-1-dead"
    with cache.work() as alive:
        dead.mkdir()
        (dead / "disk.raw").write_bytes(b"half")
        assert cache.clear_stale(dry_run=True) == (dead,)
        assert dead.exists()
        assert cache.clear_stale() == (dead,)
        assert not dead.exists()
        assert alive.exists()
    assert not alive.exists()


def test_the_next_run_clears_what_a_dead_one_left(cache: Cache) -> None:
    dead = cache.root / ".goldsmith-1-dead"
    dead.mkdir()
    with cache.work():
        assert not dead.exists()


def test_clearing_does_not_follow_a_dead_runs_link_to_something_else(cache: Cache, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    dead = cache.root / ".goldsmith-1-dead"
    dead.mkdir()
    (dead / "tree").symlink_to(precious)
    cache.clear_stale()
    assert not dead.exists()
    assert precious.exists()


def test_an_old_partial_download_is_cleared_a_young_one_only_on_request(cache: Cache) -> None:
    young, old = cache.partial("young"), cache.partial("old")
    for partial in (young, old):
        partial.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert cache.clear_stale() == (old,)
    assert cache.clear_stale(partials=True) == (young,)


def test_a_running_download_is_never_cleared(cache: Cache) -> None:
    partial = cache.partial("request")
    partial.write_bytes(b"half")
    with cache.locked("request"):
        assert cache.clear_stale(partials=True) == ()
    assert partial.exists()


def test_an_image_without_a_record_is_cleared(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    path = admit(cache).disk.path
    next(cache.root.glob("key-*.json")).unlink()
    assert clear_stale() == ()
    monkeypatch.setattr("goldsmith.base.cache.YOUNG", -1.0)
    assert clear_stale() == (path,)
    assert not path.exists()


def test_a_base_that_a_run_lies_on_is_never_cleared(cache: Cache) -> None:
    held_one, other = admit(cache), admit(cache, "another", image(b"two"))
    with held(held_one):
        removed = cache.clear()
        assert held_one.disk.path.exists()
        assert other.disk.path in removed
        assert not other.disk.path.exists()
        assert cache.find("request") is not None, "its record stays too"
    assert held_one.disk.path in cache.clear()
    assert list(cache.root.glob("*sha256*")) == []


def test_a_base_that_refresh_replaced_stays_while_a_run_lies_on_it(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldsmith.base.cache.YOUNG", -1.0)
    old = admit(cache)
    with held(old):
        admit(cache, content=image(b"refreshed"))
        assert cache.clear_stale() == ()
        assert old.disk.path.exists()
    assert cache.clear_stale() == (old.disk.path,)


def test_a_base_that_went_a_moment_before_is_told_of(cache: Cache) -> None:
    base = admit(cache)
    cache.clear()
    with pytest.raises(HostError, match="was removed from the cache just now"), held(base):
        pytest.fail("nothing is there to lie on")


def test_no_cache_is_nothing_to_clear(own_folders: Path) -> None:
    assert own_folders.is_dir()
    assert clear_stale() == ()
    assert entries() == ()


def test_a_cache_that_cannot_be_made(own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own_folders / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(own_folders / "file"))
    with pytest.raises(HostError, match=r"cannot be used") as raised:
        Cache.open()
    assert raised.value.hint == "make it writable, or name another one with XDG_CACHE_HOME"
    assert raised.value.exit_code == 3
