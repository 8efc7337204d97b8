"""A guest on several partitions: /boot on one of its own, found by fstab however it is named; other file systems."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.guest.change import ABSENT, Plan, Write
from goldsmith.guest.guest import Guest
from goldsmith.guest.open import open_guest

MIB = 1 << 20
SIZE = 512 * MIB
ROOT, BOOT = (200, 310), (10, 64)  # offset and size, MiB
WHY: dict[str, Any] = {"operation": "test", "reason": "because"}
GUID = "AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE"
FSTABS = {
    "PARTUUID": f"PARTUUID={GUID.lower()} /boot ext4 defaults 0 2\n",
    "LABEL": "LABEL=the\\040boot /boot auto defaults 0 2\n",
    "node": "/dev/vda1 /boot/ ext4 defaults 0 2\n",
}
PROGRAMS = (
    *("cat", "env", "id", "ln", "ls", "mkdir", "mount", "rm", "sh", "stat", "timeout", "touch", "true", "unshare"),
)


def build(folder: Path, kind: str, fstab: str) -> Disk:
    """Partition 1 is /boot (ext4), partition 2 the root."""
    root, boot, disk = folder / "root", folder / "boot", folder / "disk.raw"
    for name in (
        "boot",
        "etc",
        "usr/bin",
        "usr/lib",
        "usr/sbin",
        "var",
        "proc",
        "sys",
        "dev",
        "run",
        "tmp",
        "root",
        "t",
    ):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "sbin"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "lib64").symlink_to("usr/lib")
    (root / "etc/os-release").write_text("ID=rocky\nVERSION_ID=10\n")
    (root / "etc/fstab").write_text(f"# of the tests\n/dev/sda2 / {kind} defaults 0 1\n{fstab}tmpfs /tmp tmpfs\n")
    for name in PROGRAMS:
        copy(Path(shutil.which(name) or f"/usr/bin/{name}"), root / "usr/bin")
        said = subprocess.run(["ldd", root / "usr/bin" / name], capture_output=True, text=True, check=False).stdout
        for word in said.split():
            if word.startswith("/"):
                copy(Path(word), root / "usr/lib" / ("x86_64-linux-gnu" if "ld-linux" not in word else ""))
    (boot / "grub2").mkdir(parents=True)
    (boot / "grub2/grub.cfg").write_text("set default=0\n")
    with disk.open("wb") as file:
        file.truncate(SIZE)
    table = f"label: gpt\nstart={BOOT[0]}MiB, size={BOOT[1]}MiB, uuid={GUID}\nstart={ROOT[0]}MiB, size={ROOT[1]}MiB\n"
    subprocess.run(["/usr/sbin/sfdisk", "--quiet", disk], input=table, text=True, check=True)
    argv = ["/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-L", "the boot", "-E", f"offset={BOOT[0] * MIB}"]
    subprocess.run([*argv, "-d", boot, disk, f"{BOOT[1]}M"], check=True, capture_output=True)
    make_root(kind, root, disk)
    shutil.rmtree(root)
    return Disk(disk, DiskFormat.RAW, SIZE)


def copy(source: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / source.name).exists():
        shutil.copy(source, folder)


def make_root(kind: str, root: Path, disk: Path) -> None:
    part = disk.with_name("part.raw")
    argv: list[str | Path]
    if kind == "ext4":
        argv = ["/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-d", root, part, f"{ROOT[1]}M"]
    elif kind == "btrfs":
        with part.open("wb") as file:
            file.truncate(ROOT[1] * MIB)
        argv = ["mkfs.btrfs", "-q", "--mixed", "--rootdir", root, part]
    else:
        with part.open("wb") as file:
            file.truncate(ROOT[1] * MIB)
        argv = ["mkfs.xfs", "-q", "-p", protofile(root, disk.with_name("proto")), part]
    subprocess.run(argv, check=True, capture_output=True)
    subprocess.run(
        ["dd", f"if={part}", f"of={disk}", f"seek={ROOT[0]}", "bs=1M", "conv=notrunc,sparse"],
        check=True,
        capture_output=True,
    )
    part.unlink()


def protofile(root: Path, path: Path) -> Path:
    """What mkfs.xfs puts into a new file system (mkfs.xfs(8), -p)."""
    lines = ["-", "0 0", "d--755 0 0"]

    def describe(folder: Path) -> None:
        for entry in sorted(os.scandir(folder), key=lambda each: each.name):
            if entry.is_symlink():
                lines.append(f"{entry.name} l--777 0 0 {Path(entry.path).readlink()}")
            elif entry.is_dir():
                lines.append(f"{entry.name} d--755 0 0")
                describe(Path(entry.path))
                lines.append("$")
            else:
                lines.append(f"{entry.name} ---755 0 0 {entry.path}")

    describe(root)
    path.write_text("\n".join([*lines, "$", ""]))
    return path


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Any]:
    with ExitStack() as stack:

        def run(engine: str, kind: str, fstab: str, *, size: int = SIZE) -> Guest:
            overlay = create_overlay(tmp_path / "overlay.qcow2", build(tmp_path, kind, fstab), size)
            guest: Guest = stack.enter_context(open_guest(overlay, engine=engine, scratch=tmp_path, grow=size > SIZE))
            return guest

        yield run


def behaves(guest: Guest) -> None:
    """/boot is its own partition for looking, for changing and for programs."""
    assert guest.read("/boot/grub2/grub.cfg") == b"set default=0\n"
    index = guest.index(("/boot",))
    assert index["/boot/grub2/grub.cfg"].is_regular
    assert "/boot/lost+found" in index
    guest.apply(Plan((Write(path="/boot/new", seen=ABSENT, content=b"by apply\n", **WHY),)))
    script = "umask 022; cat /boot/new; echo by program >/boot/made; stat -c '%u %g' /boot/grub2 /boot/made /etc /t"
    done = guest.run(["sh", "-c", script])
    assert (done.returncode, done.output) == (0, b"by apply\n0 0\n0 0\n0 0\n0 0\n")
    made = guest.index(("/boot/made",))["/boot/made"]
    assert (made.uid, made.mode, guest.read("/boot/made")) == (0, 0o644, b"by program\n")
    guest.sync()
    guest.trim()


@pytest.mark.root
@pytest.mark.parametrize("name", FSTABS)
def test_boot_is_mounted_with_mount(opened: Any, name: str) -> None:
    behaves(opened("mount", "ext4", FSTABS[name]))


@pytest.mark.root
@pytest.mark.parametrize("kind", ["xfs", "btrfs"])
def test_other_file_systems_grow_and_run_programs(opened: Any, kind: str) -> None:
    guest = opened("mount", kind, FSTABS["LABEL"], size=900 * MIB)
    behaves(guest)
    free = guest.run(["stat", "--file-system", "--format=%b %S", "/"]).output.split()
    assert int(free[0]) * int(free[1]) > 600 * MIB


@pytest.mark.guestfs
def test_boot_is_mounted_with_guestfs(opened: Any) -> None:
    behaves(opened("guestfs", "ext4", FSTABS["PARTUUID"]))
