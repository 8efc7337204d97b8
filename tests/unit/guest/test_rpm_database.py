"""Installed packages, by rpm's database."""

from __future__ import annotations

import posixpath
import sqlite3
import struct
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.guest.engines.tree import open_tree
from goldsmith.guest.packages import Package, installed
from goldsmith.guest.rpm_database import read_rpm_configuration, read_rpm_database


def header(
    name: str,
    version: str,
    release: str,
    arch: str | None,
    *,
    epoch: int | None = None,
    files: Mapping[str, str] | None = None,
) -> bytes:
    """As rpm keeps it: counts, one entry of 16 bytes for each tag, and the data behind them, big-endian. `files` are
    configuration files and their digests, beside one that is none.
    """
    values: dict[int, str | int | list[str] | list[int]] = {1000: name, 1001: version, 1002: release}
    values |= {1022: arch} if arch is not None else {}
    values |= {1003: epoch} if epoch is not None else {}
    if files:
        values |= {5011: 8, 1035: [*files.values(), "f" * 64], 1037: [1] * len(files) + [0]}
        values |= {1116: [*range(len(files)), 0], 1117: [*(posixpath.basename(path) for path in files), "other"]}
        values |= {1118: [f"{posixpath.dirname(path)}/" for path in files]}
    entries, data = b"", b""
    for tag, value in values.items():
        listed = value if isinstance(value, list) else [value]
        if isinstance(listed[0], int):
            data += bytes(-len(data) % 4)
            kind, packed = 4, struct.pack(f">{len(listed)}I", *listed)
        else:
            kind = 8 if isinstance(value, list) else 6
            packed = b"".join(str(each).encode() + b"\0" for each in listed)
        entries += struct.pack(">IIII", tag, kind, len(data), len(listed))
        data += packed
    return struct.pack(">II", len(entries) // 16, len(data)) + entries + data


def database(path: Path, blobs: Iterable[object], *, journal: str = "wal") -> bytes:
    with closing(sqlite3.connect(path)) as made:
        made.execute(f"PRAGMA journal_mode = {journal}")
        made.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
        made.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in blobs])
        made.commit()
    return path.read_bytes()


HTOP = header("htop", "3.3.0", "1.el9", "x86_64")
CLOUD = header("cloud-init", "24.4", "1.el9", "noarch", files={"/etc/cloud/cloud.cfg": "a" * 64})
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


def test_the_configuration_files_of_a_package(tmp_path: Path) -> None:
    files = {"/etc/cloud/cloud.cfg": "a" * 64, "/etc/cloud/cloud.cfg.d/05_logging.cfg": "b" * 64}
    content = database(tmp_path / "a", [VIM, header("cloud-init", "24.4", "1.el9", "noarch", files=files)])
    assert read_rpm_configuration(content, "cloud-init") == files
    assert read_rpm_configuration(content, "vim-enhanced") == {}


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


@given(st.binary(max_size=200), st.integers(0, 400))
def test_any_header_is_read_without_failing(tail: bytes, at: int) -> None:
    with closing(sqlite3.connect(":memory:")) as made:
        made.execute("CREATE TABLE Packages (blob BLOB)")
        made.execute("INSERT INTO Packages VALUES (?)", (CLOUD[:at] + tail,))
        made.commit()
        list(read_rpm_database(made.serialize()))
        read_rpm_configuration(made.serialize(), "cloud-init")
