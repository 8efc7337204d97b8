"""Small real disks, and a file system that is full."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from goldsmith.run import search_path

MIB = 1 << 20
Shell = Callable[..., str]


@pytest.fixture
def sh(tmp_path: Path) -> Shell:
    """Run a line of shell in the test's folder; its standard output."""

    def run(line: str, cwd: Path = tmp_path) -> str:
        done = subprocess.run(
            ["sh", "-euc", line],
            cwd=cwd,
            env={"PATH": search_path(), "LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
            timeout=100,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def small_folder(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of 1 MiB; root only."""
    folder = tmp_path / "small"
    folder.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=1m") == 0, os.strerror(ctypes.get_errno())
    try:
        yield folder
    finally:
        assert libc.umount2(os.fsencode(folder), 2) == 0


def count(path: Path, word: bytes) -> int:
    """How often a word stands in a file's bytes."""
    found, rest = 0, b""
    with path.open("rb") as file:
        while chunk := file.read(8 * MIB):
            data = rest + chunk
            found += len(re.findall(re.escape(word), data))
            rest = data[len(data) - len(word) + 1 :]
    return found
