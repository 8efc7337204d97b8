"""A guest with everything in /var/log that does not belong there, and a disk that a machine has open: every command
does its work or says one line.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from goldsmith.disk.disk import Disk

from .conftest import add_programs, make_disk, make_tree, requires_root

pytestmark = [pytest.mark.root, requires_root]
COMMAND = (sys.executable, "-c", "from goldsmith.cli.main import main; main()")
Goldsmith = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def goldsmith(tmp_path: Path) -> Goldsmith:
    def run(*words: object) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*COMMAND, *map(str, words)],
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


def plant_logs(logs: Path, many: int) -> None:
    for raw in (b"new\nline.log", b"not\xffutf8.log", b"x" * 255, b"esc\x1b[31m.log", b"-rf"):
        (logs / os.fsdecode(raw)).write_bytes(b"log\n")
    os.mkfifo(logs / "syslog")
    os.mknod(logs / "messages", 0o600 | 0o020000, os.makedev(1, 3))
    os.mknod(logs / "kern.log", 0o600 | 0o060000, os.makedev(7, 0))
    here = os.open(logs, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(f"/proc/self/fd/{here}/dmesg")
    os.close(here)
    os.link(logs / "../../etc/hostname", logs / "auth.log")
    with (logs / "lastlog").open("wb") as file:
        file.truncate(1 << 40)
        file.seek(1 << 39)
        file.write(b"last")
    (logs / "journal").mkdir()
    for number in range(many):
        (logs / f"journal/{number:06}").touch()
    (logs / "append.log").write_text("log\n")
    (logs / "immutable.log").write_text("log\n")
    for path, letter in (("append.log", "a"), ("immutable.log", "i"), ("../../etc/machine-id", "i"), (".", "a")):
        subprocess.run(["chattr", f"+{letter}", logs / path], check=True)


def hostile(folder: Path, many: int) -> Disk:
    tree = make_tree(folder / "tree")
    add_programs(tree)
    (tree / "var/log").mkdir()
    disk = make_disk(folder / "disk.raw", tree, size=160 << 20, fill=("-b", "4096", "-N", str(many + 8000)))
    shutil.rmtree(tree)
    (folder / "mounted").mkdir()
    subprocess.run(["mount", "-o", "loop,offset=1048576", disk.path, folder / "mounted"], check=True)
    try:
        plant_logs(folder / "mounted/var/log", many)
    finally:
        subprocess.run(["sync", "--file-system", folder / "mounted"], check=True)
        subprocess.run(["umount", folder / "mounted"], check=True)
    return disk


@pytest.mark.parametrize("many", [100, pytest.param(100_000, marks=[pytest.mark.full, pytest.mark.timeout(600)])])
def test_hostile_logs_go(goldsmith: Goldsmith, tmp_path: Path, many: int) -> None:
    disk = hostile(tmp_path, many)
    planned = goldsmith("generalize", disk.path, "--dry-run", "--engine", "mount")
    assert planned.returncode == 0, planned.stderr
    assert r"/var/log/new\nline.log" in planned.stdout
    assert "\x1b[31m" not in planned.stdout
    sealed = tmp_path / "sealed.qcow2"
    done = goldsmith("generalize", disk.path, "--output", sealed, "--engine", "mount")
    assert done.returncode == 0, done.stderr
    assert "the second plan is empty" in done.stdout + done.stderr
    assert sealed.stat().st_size < 64 << 20
    again = goldsmith("generalize", sealed, "--dry-run", "--engine", "mount")
    assert "0 changes would be made" in again.stdout + again.stderr


@pytest.fixture
def in_use(tmp_path: Path) -> Iterator[Path]:
    """A disk that a machine, stopped before its first instruction, has open."""
    disk, pidfile = tmp_path / "disk.qcow2", tmp_path / "pid"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "8M"], check=True)
    subprocess.run(
        ["qemu-system-x86_64", "-S", "-nodefaults", "-display", "none", "-accel", "tcg", "-m", "32", "-daemonize",
         "-pidfile", pidfile, "-drive", f"file={disk},format=qcow2,if=none,id=d", "-device", "virtio-blk-pci,drive=d"],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )  # fmt: skip
    yield disk
    os.kill(int(pidfile.read_text()), signal.SIGKILL)


@pytest.mark.parametrize(
    "words",
    [
        ("generalize", "DISK", "--in-place"),
        ("generalize", "DISK", "--output", "OUT"),
        ("generalize", "DISK", "--dry-run"),
        ("audit", "DISK"),
        ("verify", "DISK"),
        ("explain", "DISK"),
    ],
    ids=" ".join,
)
def test_a_disk_that_a_running_machine_uses_is_refused(
    goldsmith: Goldsmith, in_use: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    places = {"DISK": in_use, "OUT": tmp_path / "out.qcow2"}
    said = goldsmith(*(places.get(word, word) for word in words))
    assert said.returncode == 2
    assert f"error: {in_use} is in use: a running machine writes to it\n" in said.stderr
    assert "hint: shut the machine down first" in said.stderr
    assert not (tmp_path / "out.qcow2").exists()
