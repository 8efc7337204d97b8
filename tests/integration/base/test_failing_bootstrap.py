"""Bootstraps that cannot work, and such as are killed: one clear line, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from goldsmith.base.bootstrap import make, tree
from goldsmith.base.bootstrap.make import bootstrap
from goldsmith.base.cache import Cache
from goldsmith.base.distro import known
from goldsmith.base.scratch import PREFIX
from goldsmith.base.sources.bootstrap import BootstrapSource
from goldsmith.errors import HostError, ProcessError
from goldsmith.events import ignore
from goldsmith.run import run

MIRROR = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://{}/debian bookworm main\n"
KILLED = """
import sys
from pathlib import Path
from goldsmith.base.sources.bootstrap import BootstrapSource
from goldsmith.errors import Stopped
from goldsmith.run import signals_as_errors
try:
    with signals_as_errors():
        BootstrapSource(bootstrap="debian/12").resolve(
            folder=Path(), arch="x86_64", offline=False, refresh=False, emit=lambda event: print(event, flush=True))
except Stopped as error:
    sys.exit(error.exit_code)
"""


def outside_trees() -> set[str]:
    return {path.name for folder in ("/var/tmp", "/tmp") for path in Path(folder).glob(f"{PREFIX}*")}


@pytest.fixture
def cache(own_folders: Path) -> Iterator[Cache]:
    before = outside_trees()
    cache = Cache.open()
    assert cache.root.is_relative_to(own_folders)
    yield cache
    assert outside_trees() <= before


def resolve() -> None:
    source = BootstrapSource(bootstrap="debian/12")
    source.resolve(folder=Path(), arch="x86_64", offline=False, refresh=False, emit=ignore)


@pytest.mark.process
def test_a_mirror_that_does_not_answer(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "host_files", lambda: {"sources.list": MIRROR.format("user:secret@127.0.0.1:1")})
    monkeypatch.setattr(tree, "build_proxies", dict)
    with pytest.raises(ProcessError, match=r"bootstrapping debian/12 failed") as raised:
        resolve()
    assert raised.value.hint is not None
    assert raised.value.hint.startswith("check network and proxy")
    assert any("127.0.0.1" in line for line in raised.value.log_tail)
    assert not any("secret" in line for line in raised.value.log_tail)
    assert sorted(path.name for path in cache.root.iterdir()) == ["locks"]


@pytest.mark.base
def test_an_archive_that_its_key_did_not_sign(cache: Cache) -> None:
    strangers = replace(known()["debian/12"], keyrings=("/usr/share/keyrings/debian-archive-removed-keys.gpg",))
    with cache.work() as work, pytest.raises(ProcessError, match="failed") as raised:
        bootstrap(strangers, work, ignore)
    assert any("NO_PUBKEY" in line or "not signed" in line for line in raised.value.log_tail)
    assert raised.value.hint is not None
    assert "debian-archive-keyring may be too old" in raised.value.hint


@pytest.mark.root
@pytest.mark.base
def test_a_cache_without_space(own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = own_folders / "small"
    small.mkdir()
    run(["mount", "-t", "tmpfs", "-o", "size=24M", "tmpfs", str(small)], timeout=30)
    try:
        monkeypatch.setenv("XDG_CACHE_HOME", str(small))
        with pytest.raises(HostError, match="no space left in") as raised:
            resolve()
        assert raised.value.exit_code == 3
        assert sorted(path.name for path in (small / "goldsmith" / "bases").iterdir()) == ["locks"]
    finally:
        run(["umount", str(small)], timeout=30)


def killed_midway(cache: Cache) -> None:
    """SIGKILL a bootstrap while its packages are unpacked; the next run clears all of it."""
    assert ended_midway(cache, signal.SIGKILL) == -signal.SIGKILL
    (work,) = cache.root.glob(".goldsmith-*")
    folder = tree_in(work)
    assert folder.is_dir()
    wait_until_nobody_works_in(folder)
    assert cache.clear_stale() == (work,)
    assert not folder.exists()
    assert sorted(path.name for path in cache.root.iterdir()) == ["locks"]


def stopped_midway(cache: Cache, number: signal.Signals) -> None:
    """A signal at the same moment: the run itself clears all of it before it ends."""
    assert ended_midway(cache, number) == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    assert [argv for argv in command_lines() if str(cache.root) in argv] == []
    assert sorted(path.name for path in cache.root.iterdir()) == ["locks"]


def ended_midway(cache: Cache, number: signal.Signals) -> int:
    """The exit code of a bootstrap that got a signal while its packages were unpacked."""
    process = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, env={**os.environ})
    assert process.stdout is not None
    try:
        while b"done=3" not in process.stdout.readline():
            assert process.poll() is None
        (work,) = cache.root.glob(".goldsmith-*")
        folder = tree_in(work)
        process.send_signal(number)
        # What it still says must not fill the pipe.
        process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if number != signal.SIGKILL:
        assert not folder.exists()
    return process.returncode


def tree_in(work: Path) -> Path:
    """Where a bootstrap unpacks to: a plain user's lies elsewhere, and is linked."""
    return (work / "tree").readlink() if (work / "tree").is_symlink() else work / "tree"


def wait_until_nobody_works_in(folder: Path) -> None:
    """Everything that goldsmith started ends with it, within moments."""
    deadline = time.monotonic() + 20
    while any(str(folder) in argv for argv in command_lines()):
        assert time.monotonic() < deadline, "mmdebstrap outlived the goldsmith that started it"
        time.sleep(0.1)


def command_lines() -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found.append((process / "cmdline").read_bytes().decode("utf-8", "replace"))
        except OSError:
            continue
    return found


@pytest.mark.root
@pytest.mark.base
def test_a_killed_bootstrap_of_root(cache: Cache) -> None:
    killed_midway(cache)


@pytest.mark.root
@pytest.mark.base
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.full)])
def test_a_stopped_bootstrap_of_root(cache: Cache, number: signal.Signals) -> None:
    stopped_midway(cache, number)


@pytest.mark.rootless
@pytest.mark.base
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.full)])
def test_a_stopped_bootstrap_of_a_plain_user(cache: Cache, number: signal.Signals) -> None:
    stopped_midway(cache, number)


@pytest.mark.rootless
@pytest.mark.base
def test_a_killed_bootstrap_of_a_plain_user(cache: Cache) -> None:
    killed_midway(cache)
