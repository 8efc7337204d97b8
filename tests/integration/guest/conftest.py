"""A small guest made on the spot: a tree with everything that is awkward in one, as a directory and as a disk, with
programs enough to run something in it. One appliance or mount serves many tests; each works in its own folder.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.guest.guest import Guest
from goldsmith.guest.open import open_guest

MIB = 1 << 20
DISK_SIZE = 96 * MIB
ROOT_OFFSET = MIB
# What the engines need inside the guest, and what the tests run there.
PROGRAMS = (
    *("cat", "env", "head", "id", "ln", "ls", "mkdir", "mount", "rm", "sh", "sleep"),
    *("test", "timeout", "touch", "true", "uname", "unshare"),
)
HOSTILE_NAMES = (b"new\nline", b"\xff\xfe", b"tab\tname", b"esc\x1b[31m", b" space ", "größe".encode(), b"-rf", b"*")
MANY = 3000

requires_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def make_tree(top: Path) -> Path:
    """The guest's tree. Device nodes are there for root only."""
    for folder in ("etc/cloud", "usr/bin", "usr/lib", "usr/sbin", "var/lib/cloud/instances/i-1", "proc", "sys", "dev",
                   "run", "tmp", "root", "t", "hostile"):  # fmt: skip
        (top / folder).mkdir(parents=True)
    for name in ("bin", "lib", "sbin"):
        (top / name).symlink_to(f"usr/{name}")
    (top / "lib64").symlink_to("usr/lib")
    (top / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian of the tests"\n')
    (top / "etc/hostname").write_text("guest\n")
    (top / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (top / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (top / "etc/machine-id").chmod(0o444)
    (top / "usr/sbin/invoke-rc.d").write_text("#!/bin/sh\n")
    (top / "run/left-behind").write_text("on the disk\n")
    (top / "var/lib/cloud/instances/i-1/user-data.txt").write_text("#cloud-config\n")
    (top / "var/lib/cloud/instance").symlink_to("/var/lib/cloud/instances/i-1")
    _hostile(top / "hostile")
    many = top / "many"
    many.mkdir()
    for number in range(MANY):
        (many / f"{number:05}").touch()
    deep = top / "deep"
    for level in range(200):
        deep /= f"{level % 10}"
    deep.mkdir(parents=True)
    (deep / "bottom").write_text("deep\n")
    return top


def _hostile(folder: Path) -> None:
    for raw in HOSTILE_NAMES:
        (folder / os.fsdecode(raw)).write_bytes(raw)
    (folder / "absolute").symlink_to("/etc/hostname")
    (folder / "relative").symlink_to("../etc/hostname")
    (folder / "above").symlink_to("../../../../../../etc/hostname")
    (folder / "loop").symlink_to("loop")
    (folder / "ping").symlink_to("pong")
    (folder / "pong").symlink_to("ping")
    (folder / "dangling").symlink_to("/nowhere/at/all")
    (folder / "magic").symlink_to("/proc/self/root/etc/hostname")
    (folder / "etc").symlink_to("/etc")
    (folder / "up").symlink_to("..")
    (folder / os.fsdecode(b"link\xff")).symlink_to(os.fsdecode(b"target\xff\n"))
    os.mkfifo(folder / "fifo")
    here = os.open(folder, os.O_PATH)
    for name in ("socket", "another-socket"):
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(f"/proc/self/fd/{here}/{name}")
    os.close(here)
    if os.geteuid() == 0:
        os.mknod(folder / "console", 0o600 | 0o020000, os.makedev(5, 1))
        os.mknod(folder / "disk", 0o660 | 0o060000, os.makedev(7, 0))
    (folder / "one").write_text("twice\n")
    os.link(folder / "one", folder / "two")
    (folder / "attributes").write_text("x")
    os.setxattr(folder / "attributes", "user.note", b"a\0b")
    (folder / "setuid").write_text("x")
    (folder / "setuid").chmod(0o4711)
    (folder / "empty").touch()
    with (folder / "sparse").open("wb") as sparse:
        sparse.truncate(5 << 30)


def add_programs(top: Path) -> None:
    """Programs of this host, and the libraries that they load, make the guest one that runs."""
    for name in PROGRAMS:
        program = Path(shutil.which(name) or f"/usr/bin/{name}")
        _copy(program, top / "usr/bin" / name)
        said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
        for word in said.split():
            if word.startswith("/"):
                library = Path(word)
                _copy(library, top / "usr/lib" / library.relative_to(library.parents[len(library.parents) - 2]))
                if "ld-linux" in library.name:
                    _copy(library, top / "usr/lib" / library.name)


def _copy(source: Path, target: Path) -> None:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def make_disk(path: Path, tree: Path, *, size: int = DISK_SIZE, fill: Sequence[str] = ()) -> Disk:
    """A raw disk with a GPT whose first partition is an ext4 file system of the tree."""
    with path.open("wb") as file:
        file.truncate(size)
    subprocess.run(
        ["/usr/sbin/sfdisk", "--quiet", path],
        input="label: gpt\nstart=1MiB, type=linux, name=root\n",
        text=True,
        check=True,
    )
    kib = (size - ROOT_OFFSET - MIB) // 1024
    subprocess.run(
        ["/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-U", "11111111-2222-3333-4444-555555555555", *fill,
         "-d", tree, "-E", f"offset={ROOT_OFFSET}", path, f"{kib}k"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return Disk(path, DiskFormat.RAW, size)


@pytest.fixture(scope="session")
def guest_disk(tmp_path_factory: pytest.TempPathFactory) -> Disk:
    """Read only for all: others lay overlays on it."""
    folder = tmp_path_factory.mktemp("disk")
    top = make_tree(folder / "tree")
    add_programs(top)
    disk = make_disk(folder / "guest.raw", top)
    shutil.rmtree(top)
    return disk


@dataclass(frozen=True)
class Opened:
    """An open guest, and the folder on the host where it lies."""

    guest: Guest
    folder: Path


@contextmanager
def opened(engine: str, folder: Path, disk: Disk | None, *, read_only: bool = False) -> Iterator[Opened]:
    """A guest of its own."""
    if disk is None:
        with open_guest(make_tree(folder / "tree"), engine="tree", scratch=folder, read_only=read_only) as guest:
            yield Opened(guest, folder)
        return
    overlay = create_overlay(folder / "overlay.qcow2", disk)
    with open_guest(overlay, engine=engine, scratch=folder, read_only=read_only) as guest:
        yield Opened(guest, folder)


ENGINES = [
    pytest.param("tree", marks=pytest.mark.process),
    pytest.param("tree", marks=[pytest.mark.process, pytest.mark.rootless], id="tree-as-plain-user"),
    pytest.param("mount", marks=[pytest.mark.root, requires_root]),
    pytest.param("guestfs", marks=pytest.mark.guestfs),
]
DISK_ENGINES = ENGINES[2:]


Guests = Callable[..., Opened]


@pytest.fixture(scope="session")
def guests(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Guests]:
    """One open guest per engine, and a plain user's tree apart from root's, for the whole session."""
    with ExitStack() as stack:
        known: dict[str, Opened] = {}

        def get(engine: str, *, rootless: bool = False) -> Opened:
            key = f"{engine}-rootless" if rootless else engine
            if key not in known:
                disk = None if engine == "tree" else request.getfixturevalue("guest_disk")
                known[key] = stack.enter_context(opened(engine, tmp_path_factory.mktemp(engine), disk))
            return known[key]

        yield get


@pytest.fixture(params=ENGINES)
def guest(request: pytest.FixtureRequest, guests: Guests) -> Guest:
    return guests(request.param, rootless=request.node.get_closest_marker("rootless") is not None).guest


@pytest.fixture(params=DISK_ENGINES)
def runner(request: pytest.FixtureRequest, guests: Guests) -> Opened:
    """A guest that runs programs."""
    return guests(request.param)


@pytest.fixture(params=DISK_ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)
