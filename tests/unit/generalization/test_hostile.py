"""Trees that a hostile or broken guest may hold: generalizing ends, takes what it should, and nothing else."""

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.golden.trees import make, opened

from goldsmith.errors import GoldsmithError
from goldsmith.generalization.generalize import Generalized, Keep, generalize, look, plan, select
from goldsmith.generalization.report import plan_as_json, plan_as_text, tally
from goldsmith.generalization.view import View
from goldsmith.guest.index import Entry, FileType, Index
from goldsmith.guest.info import GuestInfo, PackageManager

NAMES = [b"a\nb.log", b"\xff\xfe.log", b"x" * 255, b" ", b"\x1b[31mred", "ü\u202e.log".encode(), b"\\", b"*", b"-rf"]
TREE = """\
guest debian
f 0644 /etc/passwd = "root:x:0:0::/root:/bin/sh\\nbad:x:1000:1000::/home/bad:/bin/sh\\n"
f 0644 /etc/precious = "data"
d 1777 /tmp
d 0755 /var/log/app
d 0755 /home/bad/.ssh
"""


def done(top: Path, **how: object) -> Generalized:
    with opened(top) as guest:
        result = generalize(guest, select("defaults"), **how)  # type: ignore[arg-type]
        assert plan(look(guest, select("defaults")), select("defaults"), **how).changes == ()  # type: ignore[arg-type]
    return result


def left(top: Path, *directories: str) -> list[bytes]:
    return [os.fsencode(found.name) for each in directories for found in (top / each).iterdir()]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_goes_and_is_told_safely(tmp_path: Path, name: bytes) -> None:
    make(tmp_path, TREE)
    for directory in ("tmp", "var/log/app", "home/bad/.ssh"):
        (Path(os.fsdecode(os.fsencode(tmp_path / directory) + b"/" + name))).write_bytes(b"x")
    applied = done(tmp_path).applied
    assert left(tmp_path, "tmp", "var/log/app", "home/bad/.ssh") == []
    text = "\n".join(plan_as_text(applied, whole=True))
    assert all(line.isprintable() for line in text.split("\n"))
    assert "".join(str(each["path"]) for each in plan_as_json(applied)).isprintable()


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_can_be_kept(tmp_path: Path, name: bytes) -> None:
    make(tmp_path, TREE)
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/tmp/" + name))).write_bytes(b"x")
    result = done(tmp_path, keep=[Keep("/tmp/*", "all")])
    assert left(tmp_path, "tmp") == [name]
    assert result.idle == ()


def test_what_is_no_log_goes_without_being_opened(tmp_path: Path) -> None:
    """A FIFO or a device that somebody opens may block for ever, or do something."""
    make(tmp_path, TREE)
    for directory in ("var/log", "var/log/app", "tmp", "home/bad/.ssh"):
        os.mkfifo(tmp_path / directory / "fifo.log")
        with socket.socket(socket.AF_UNIX) as listening:
            # A socket's address is at most 108 bytes long.
            here = os.open(tmp_path / directory, os.O_PATH)
            listening.bind(f"/proc/self/fd/{here}/socket.log")
            os.close(here)
    os.mkfifo(tmp_path / "var/log/wtmp")
    os.mkfifo(tmp_path / "etc/machine-id")
    os.mkfifo(tmp_path / "etc/hostname")
    done(tmp_path)
    assert sorted(left(tmp_path, "var/log", "var/log/app", "tmp", "home/bad/.ssh")) == [b"app"]
    assert stat.S_ISFIFO((tmp_path / "etc/hostname").lstat().st_mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_devices_where_logs_should_be_go(tmp_path: Path) -> None:
    make(tmp_path, TREE)
    try:
        os.mknod(tmp_path / "var/log/syslog", stat.S_IFBLK | 0o600, os.makedev(7, 99))
        os.mknod(tmp_path / "var/log/wtmp", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("devices cannot be made here")
    done(tmp_path)
    assert left(tmp_path, "var/log") == [b"app"]


@pytest.mark.parametrize(
    "where", ["tmp/x", "var/log/x.log", "var/log/wtmp", "home/bad/.ssh/id", "var/log/app/mysqld.log"]
)
def test_a_hard_link_goes_and_its_content_stays_under_the_other_name(tmp_path: Path, where: str) -> None:
    make(tmp_path, TREE)
    (tmp_path / where).hardlink_to(tmp_path / "etc/precious")
    applied = done(tmp_path).applied
    assert not (tmp_path / where).exists()
    assert (tmp_path / "etc/precious").read_text() == "data"
    assert [change.bytes for change in applied if change.path == f"/{where}"] == [0]


@pytest.mark.parametrize("where", ["var/log/huge.log", "tmp/huge", "var/log/app/huge", "var/cache/apt/huge"])
def test_a_sparse_file_of_a_terabyte_is_never_read(tmp_path: Path, where: str) -> None:
    make(tmp_path, TREE)
    (tmp_path / where).parent.mkdir(parents=True, exist_ok=True)
    with (tmp_path / where).open("wb") as file:
        file.truncate(1 << 40)
    started = time.monotonic()
    applied = done(tmp_path).applied
    assert not (tmp_path / where).exists()
    assert sum(each.bytes for each in tally(applied)) >= 1 << 40
    assert "1.0 TiB" in plan_as_text(applied, whole=False)[-1]
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    "line", ["x" * (1 << 16), "\0" * 100, "a:b:c\n" * 1000, ":" * 5000, "\udcff:x:1:1::/:/x\n"], ids=range(5)
)
def test_a_passwd_of_rubbish_names_no_homes(tmp_path: Path, line: str) -> None:
    make(tmp_path, TREE)
    (tmp_path / "etc/passwd").write_bytes(line.encode("utf-8", "surrogateescape"))
    with opened(tmp_path) as guest:
        view = look(guest, select("all"))
        generalize(guest, select("all"))
    assert view.homes == ("/home/bad",)
    assert (tmp_path / "etc/precious").read_text() == "data"


@pytest.mark.parametrize(
    "place", ["/", "/etc", "/usr", "/var", "/var/lib", "../etc", "/etc/../etc", 7, None, [], "x\n"]
)
def test_a_cloud_configuration_that_calls_the_system_its_state_is_not_followed(tmp_path: Path, place: object) -> None:
    make(tmp_path, TREE)
    (tmp_path / "etc/data").mkdir()
    (tmp_path / "etc/cloud").mkdir()
    said = f"system_info: {{paths: {{cloud_dir: {place!r}}}}}\ndef_log_file: {place!r}\n"
    (tmp_path / "etc/cloud/cloud.cfg").write_text(said + "output: {all: '> /etc/precious'}\n")
    with opened(tmp_path) as guest:
        assert generalize(guest, select("cloud-init")).applied.changes == ()


DEBIAN = GuestInfo("debian", "12", "Debian", (), "x86_64", PackageManager.APT, "systemd", None, None)


def crowded(directory: str, count: int) -> Iterator[Entry]:
    """A directory of many files, as an engine would list it."""
    parts = directory.split("/")
    for number in range(1, len(parts) + 1):
        yield Entry("/".join(parts[:number]) or "/", FileType.DIRECTORY, 0o755, 0, 0, 0, 0, number, 2)
    for number in range(count):
        yield Entry(f"{directory}/{number:07d}.log", FileType.REGULAR, 0o644, 0, 0, 10, 0, 100 + number, 1)


def test_a_hundred_thousand_files_are_planned_in_seconds() -> None:
    """About 1 s of one processor's time; ten leave room for a slow one, and none for anything quadratic."""
    view = View(Index(crowded("/var/log", 100_000)), DEBIAN, ("/root",), lambda _path, _limit: b"")
    started = time.process_time()
    planned = plan(view, select("all"), keep=[Keep("/var/log/lab/**", "ours")])
    assert [each.changes for each in tally(planned) if each.changes > 1] == [100_000]
    assert time.process_time() - started < 10


def test_a_guest_without_an_operating_system_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp/x").touch()
    with opened(tmp_path) as guest, pytest.raises(GoldsmithError, match="no operating system found"):
        generalize(guest, select("defaults"))
    assert (tmp_path / "tmp/x").exists()
