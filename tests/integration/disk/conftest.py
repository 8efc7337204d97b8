"""Small real disks, and a file system that is full."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import struct
import subprocess
import tempfile
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from goldsmith.run import search_path

MIB = 1 << 20
Shell = Callable[..., str]


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is room: every program here syncs what it wrote, and none of that has to last."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or not os.access(shared, os.W_OK) or shutil.disk_usage(shared).free < 2 << 30:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="goldsmith-test-", dir=shared) as folder:
        yield Path(folder)


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


def gpt(disk: Path, *partitions: tuple[int, int, int, str]) -> None:
    """Write a GPT of (number, offset, size, type) to a disk that is there. sfdisk would end with sync(2), which waits
    for every file system of the machine.
    """
    size = disk.stat().st_size
    entries = bytearray(128 * 128)
    for number, offset, length, kind in partitions:
        first, last = offset // 512, (offset + length) // 512 - 1
        entry = uuid.UUID(kind).bytes_le + uuid.uuid4().bytes_le + struct.pack("<QQQ", first, last, 0)
        entries[(number - 1) * 128 : number * 128] = entry.ljust(128, b"\0")
    end = size // 512 - 1
    with disk.open("r+b") as file:
        file.seek(446)
        file.write(struct.pack("<B3xB3xII", 0, 0xEE, 1, end).ljust(64, b"\0") + b"\x55\xaa")
        for own, other, table in ((1, end, 2), (end, 1, end - 32)):
            header = bytearray(b"EFI PART" + struct.pack("<IIIIQQQQ", 1 << 16, 92, 0, 0, own, other, 34, end - 33))
            header += b"\1" * 16 + struct.pack("<QIII", table, 128, 128, zlib.crc32(entries))
            struct.pack_into("<I", header, 16, zlib.crc32(header))
            file.seek(own * 512)
            file.write(header)
            file.seek(table * 512)
            file.write(entries)


def counts(path: Path, *words: bytes) -> dict[bytes, int]:
    """How often each of some words stands in a file's bytes. No word may begin with another."""
    found, rest = dict.fromkeys(words, 0), b""
    pattern = re.compile(b"|".join(map(re.escape, words)))
    longest = max(map(len, words))
    with path.open("rb") as file:
        while chunk := _next(file):
            data, start = rest + chunk, 0
            for match in pattern.finditer(data) if data.strip(b"\0") else ():
                found[match[0]] += 1
                start = match.end()
            rest = data[max(start, len(data) - longest + 1) :]
    return found


def _next(file: BinaryIO) -> bytes:
    """The next piece of a file; of a hole some zeros, so that no word spans it."""
    at = file.tell()
    try:
        start = os.lseek(file.fileno(), at, os.SEEK_DATA)
    except OSError:
        return b""
    if start > at:
        file.seek(start)
        return b"\0" * 64
    return file.read(8 * MIB)


def count(path: Path, word: bytes) -> int:
    """How often one word stands in a file's bytes."""
    return counts(path, word)[word]
