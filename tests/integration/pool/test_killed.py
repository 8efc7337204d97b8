"""Runs that are killed, and pools that are full: the next run finds nothing half-made."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from goldsmith.errors import HostError
from goldsmith.pool.manifest import BaseRecord, Manifest, TrustRecord
from goldsmith.pool.pool import Pool

pytestmark = pytest.mark.process

PROGRAM = """
import os, sys, time
from pathlib import Path
from goldsmith.errors import Stopped
from goldsmith.pool.pool import Pool
from goldsmith.pool.manifest import Manifest
from goldsmith.run import signals_as_errors

pool, manifest, stop_in = Pool(Path(sys.argv[1])), Manifest.model_validate_json(sys.argv[2]), sys.argv[3]

def stop(*_, **__):
    print("here", flush=True)
    time.sleep(100)

try:
    with signals_as_errors(), pool.scratch() as scratch:
        (scratch / "sealed").write_bytes(b"x" * 1000)
        (scratch / "report.html").write_text("report")
        if stop_in == "scratch":
            stop()
        setattr(os, stop_in, stop)
        pool.admit(scratch / "sealed", manifest, {".html": scratch / "report.html"})
except Stopped as error:
    sys.exit(error.exit_code)
"""


def manifest() -> Manifest:
    return Manifest.model_validate(
        {
            "name": "base", "version": "1.0", "arch": "x86_64", "created": "2026-01-02T03:04:05Z",
            "goldsmith": "0.1.0", "recipe": "r", "build_key": "k",
            "base": BaseRecord(origin="o", sha256="0" * 64, trust=TrustRecord(level="none")),
            "file": "base-v1.0.qcow2", "format": "qcow2", "packing": "qcow2/zstd", "size": 1000,
            "virtual_size": 1 << 20, "sha256": "0" * 64,
        }
    )  # fmt: skip


def names(pool: Pool) -> list[str]:
    return sorted(path.name for path in pool.root.iterdir())


@pytest.mark.parametrize("stop_in", ["scratch", "link"])
def test_sigkill_leaves_only_what_the_next_run_clears(tmp_path: Path, stop_in: str) -> None:
    pool = Pool(tmp_path / "pool")
    argv = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(pool.root), manifest().as_bytes().decode(), stop_in]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"here\n"
        if stop_in == "scratch":
            assert pool.stale() == ()
            assert pool.clear() == ()
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert pool.list() == ()
    assert sum(each.bytes for each in pool.stale()) > 0
    with pool.scratch() as scratch:
        assert names(pool) == [scratch.name]
        (scratch / "sealed").write_bytes(b"x")
        assert pool.admit(scratch / "sealed", manifest()).new
    assert names(pool) == ["base-v1.0.json", "base-v1.0.qcow2"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_an_image_is_admitted_leaves_nothing(tmp_path: Path, number: signal.Signals, code: int) -> None:
    pool = Pool(tmp_path / "pool")
    argv = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(pool.root), manifest().as_bytes().decode(), "link"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"here\n"
        assert "base-v1.0.json" in names(pool)
        process.send_signal(number)
        assert process.wait(30) == code
    assert names(pool) == []


@pytest.fixture
def small_pool(tmp_path: Path) -> Iterator[Pool]:
    """A pool on a tmpfs of 256 KiB; root only."""
    folder = tmp_path / "small"
    folder.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=256k") == 0, os.strerror(ctypes.get_errno())
    try:
        yield Pool(folder)
    finally:
        assert libc.umount2(os.fsencode(folder), 2) == 0


@pytest.mark.root
def test_full_pool_is_a_host_error_and_shows_nothing(small_pool: Pool) -> None:
    with small_pool.scratch() as scratch:
        (scratch / "sealed").write_bytes(b"x")
        with (scratch / "filler").open("wb", buffering=0) as file:
            assert file.write(b"x" * (1 << 20)) < 1 << 20
        with pytest.raises(HostError, match="no space left"):
            small_pool.admit(scratch / "sealed", manifest())
        assert names(small_pool) == [scratch.name]
    assert names(small_pool) == []
