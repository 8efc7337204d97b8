"""Installed packages, by rpm's database."""

from __future__ import annotations

import sqlite3
import struct
import subprocess
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.guest.engines.tree import open_tree
from goldsmith.guest.packages import Package, installed
from goldsmith.guest.rpm_database import read_rpm_database


def header(name: str, version: str, release: str, arch: str | None, epoch: int | None = None) -> bytes:
    """As rpm keeps it: counts, one entry of 16 bytes for each tag, and the data behind them, big-endian."""
    texts = {1000: name, 1001: version, 1002: release, 1022: arch}
    entries, data = b"", b""
    for tag, text in texts.items():
        if text is not None:
            entries += struct.pack(">IIII", tag, 6, len(data), 1)
            data += text.encode() + b"\0"
    if epoch is not None:
        data += bytes(-len(data) % 4)
        entries += struct.pack(">IIII", 1003, 4, len(data), 1)
        data += struct.pack(">I", epoch)
    return struct.pack(">II", len(entries) // 16, len(data)) + entries + data


def database(path: Path, blobs: Iterable[object], *, journal: str = "wal") -> bytes:
    with closing(sqlite3.connect(path)) as made:
        made.execute(f"PRAGMA journal_mode = {journal}")
        made.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
        made.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in blobs])
        made.commit()
    return path.read_bytes()


HTOP = header("htop", "3.3.0", "1.el9", "x86_64")
VIM = header("vim-enhanced", "8.2.2637", "21.el9", "x86_64", epoch=2)


@pytest.mark.parametrize("journal", ["wal", "delete"])
@pytest.mark.parametrize("folder", ["usr/lib/sysimage/rpm", "var/lib/rpm"])
def test_the_packages_of_a_guest_with_rpm(tmp_path: Path, folder: str, journal: str) -> None:
    root = tmp_path / "root"
    (root / folder).mkdir(parents=True)
    key = header("gpg-pubkey", "350d275d", "6279464b", None)
    database(root / folder / "rpmdb.sqlite", [VIM, key, HTOP], journal=journal)
    with open_tree(root) as guest:
        assert installed(guest) == (
            Package("htop", "3.3.0-1.el9", "x86_64"),
            Package("vim-enhanced", "2:8.2.2637-21.el9", "x86_64"),
        )


@pytest.mark.process
def test_rpm_itself_finds_the_same(tmp_path: Path) -> None:
    define = ("--dbpath", str(tmp_path), "--define", "_db_backend sqlite")
    subprocess.run(["rpmdb", "--initdb", *define], check=True, capture_output=True)
    with closing(sqlite3.connect(tmp_path / "rpmdb.sqlite")) as made:
        made.executemany("INSERT INTO Packages (blob) VALUES (?)", [(HTOP,), (VIM,)])
        made.commit()
    ours = {f"{name} {version}" for name, version, _ in read_rpm_database((tmp_path / "rpmdb.sqlite").read_bytes())}
    form = "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n"
    theirs = subprocess.run(["rpm", *define, "-qa", "--qf", form], check=True, capture_output=True, text=True)
    assert ours == set(theirs.stdout.splitlines())
    assert len(ours) == 2


def test_damaged_headers_are_passed_over(tmp_path: Path) -> None:
    blobs = [b"", b"\xff" * 64, HTOP[:-3], struct.pack(">II", 1 << 30, 4), "text", 7, VIM]
    assert [name for name, *_ in read_rpm_database(database(tmp_path / "a", blobs))] == ["vim-enhanced"]


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE VIEW Packages AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x AS blob FROM n",
        "CREATE TABLE Packages (hnum INTEGER)",
        "CREATE TABLE Other (blob BLOB)",
    ],
)
def test_another_schema_is_no_database_of_rpm(tmp_path: Path, schema: str) -> None:
    with closing(sqlite3.connect(tmp_path / "a")) as made:
        made.execute(schema)
        made.commit()
    assert list(read_rpm_database((tmp_path / "a").read_bytes())) == []


def test_a_database_that_is_none_or_was_cut(tmp_path: Path) -> None:
    whole = database(tmp_path / "a", [HTOP, VIM])
    assert list(read_rpm_database(b"")) == []
    assert list(read_rpm_database(b"SQLite format 3\0")) == []
    for length in range(100, len(whole), 512):
        list(read_rpm_database(whole[:length]))


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_header_is_read_without_failing(tail: bytes, at: int) -> None:
    with closing(sqlite3.connect(":memory:")) as made:
        made.execute("CREATE TABLE Packages (blob BLOB)")
        made.execute("INSERT INTO Packages VALUES (?)", (VIM[:at] + tail,))
        made.commit()
        list(read_rpm_database(made.serialize()))
