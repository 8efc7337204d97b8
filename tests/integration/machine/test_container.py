"""Rehearsals of a guest whose whole userland is a shell: it starts in a second and does one thing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from goldsmith.cloudinit.seed import write_seed
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.guest.open import open_guest
from goldsmith.machine import watch
from goldsmith.machine.boot import boot
from goldsmith.machine.cause import leading
from goldsmith.machine.driver import Machine, MachineSpec
from goldsmith.machine.drivers.container_cgroup import PREFIX
from goldsmith.machine.inside import OUTPUT_LIMIT, Inside, ProgramEnd
from goldsmith.machine.milestones import Milestone
from goldsmith.machine.patience import Patience
from goldsmith.machine.visit import Visit
from goldsmith.machine.watch import BootRecord

pytestmark = pytest.mark.root

SIZE = 64 << 20
HURRIED = Patience(
    early_idle=20, early_busy=30, idle=5, sleep=0, busy=8, settle=3, linger=0, limit=60, grace=8, press=1
)
# systemd-nspawn sends PID 1 SIGRTMIN+4 where its power button is pressed; a shell knows it as 38.
WAIT = "while :; do sleep 0.1; done\n"
GREETING = "echo 'Welcome to a small Linux!'\necho 'small login: '\n"
OFF = "trap 'echo bye; exit 0' 38\n"

MachineOf = Callable[..., MachineSpec]


def add_programs(top: Path) -> None:
    """The programs of this host that the guest's init runs, with the libraries that they load."""
    for name in ("sh", "sleep", "cat"):
        program = Path(shutil.which(name) or name)
        shutil.copy(program, top / "usr/bin" / name)
        said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        for library in {Path(word) for word in said.split() if word.startswith("/")}:
            place = top / "usr/lib" / library.relative_to(library.parents[len(library.parents) - 2])
            for target in (place, top / "usr/lib" / library.name):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(library, target)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guest's tree, without an init."""
    top = tmp_path_factory.mktemp("small")
    for folder in (
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
        "boot/grub",
    ):
        (top / folder).mkdir(parents=True)
    for name in ("bin", "lib", "sbin"):
        (top / name).symlink_to(f"usr/{name}")
    (top / "lib64").symlink_to("usr/lib")
    (top / "etc/os-release").write_text("ID=small\n")
    (top / "etc/machine-id").write_text("")
    (top / "boot/grub/grub.cfg").write_text("menuentry x {\n  linux /vmlinuz root=UUID=1 ci.ds=None quiet\n}\n")
    add_programs(top)
    return top


@pytest.fixture
def machine_of(small: Path, tmp_path: Path) -> MachineOf:
    """Specifies a rehearsal whose init is a shell script."""

    def make(name: str, script: str, **given: object) -> MachineSpec:
        tree, path = tmp_path / f"{name}.tree", tmp_path / f"{name}.raw"
        shutil.copytree(small, tree, symlinks=True)
        (tree / "usr/sbin/init").write_text(f"#!/bin/sh\n{script}")
        (tree / "usr/sbin/init").chmod(0o755)
        with path.open("wb") as file:
            file.truncate(SIZE)
        subprocess.run(
            ["/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, path], check=True, capture_output=True
        )
        disk = create_overlay(tmp_path / f"{name}.qcow2", Disk(path, DiskFormat.RAW, SIZE))
        spec: dict[str, object] = {"stages": (), "folder": tmp_path / "machines", **given}
        return MachineSpec(name=name, disk=disk, **spec)  # type: ignore[arg-type]

    return make


def left_on_host(folder: Path) -> list[str]:
    """Mounts, loop devices and processes that name the folder, and groups of rehearsals in which nothing runs."""
    found = [line for line in Path("/proc/mounts").read_text().splitlines() if str(folder) in line]
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        found += [line for line in backing.read_text().splitlines() if str(folder) in line]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command and "pytest" not in command:
            found.append(command)
    return found


def cgroups_of(pid: int) -> list[Path]:
    return [path for path in Path("/sys/fs/cgroup").glob(f"**/{PREFIX}{pid}-*") if path.is_dir()]


def said(spec: MachineSpec) -> str:
    return spec.console.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")


def test_a_guest_that_gets_ready_is_powered_off(machine_of: MachineOf, tmp_path: Path) -> None:
    spec = machine_of("good", f"{OFF}cat /proc/self/uid_map\necho mine >/root/made\n{GREETING}{WAIT}")
    (record,) = boot([spec], driver="container", patience=HURRIED)
    assert (record.problem, record.off, record.boots, record.hardware) == (None, True, 1, False)
    assert [passed.milestone.value for passed in record.milestones] == ["init", "login", "ready", "off"]
    assert said(spec).endswith("bye\n")
    inside, outside, count = said(spec).split()[:3]
    assert (inside, count) == ("0", "65536")
    assert int(outside) >= 0x80000  # the guest's root is nobody on the host
    with open_guest(spec.disk, engine="mount", scratch=tmp_path, read_only=True) as guest:
        assert guest.read("/root/made") == b"mine\n"
        assert guest.index(("/root/made",))["/root/made"].uid == 0
    assert sorted(path.name for path in spec.folder.iterdir()) == ["good.console.log", "good.container.log"]
    assert cgroups_of(os.getpid()) == []


def test_the_seed_and_the_kernels_words_reach_the_guest(machine_of: MachineOf, tmp_path: Path) -> None:
    seed = tmp_path / "seed.iso"
    write_seed(seed, instance_id="one", user_data=b"#cloud-config\n")
    script = f'{OFF}echo "words $*"\ncat /var/lib/cloud/seed/nocloud/user-data\n'
    spec = machine_of("seeded", f"{script}{GREETING}{WAIT}", seed=seed)
    (record,) = boot([spec], driver="container", patience=HURRIED)
    assert record.problem is None
    assert said(spec).startswith("words ci.ds=None\n#cloud-config\n")
    with open_guest(spec.disk, engine="mount", scratch=tmp_path, read_only=True) as guest:
        assert [path for path in guest.index(("/var",)) if "cloud" in path] == ["/var/lib/cloud"]


def test_several_at_once(machine_of: MachineOf) -> None:
    specs = [machine_of(f"one-of-{number}", f"{OFF}{GREETING}{WAIT}") for number in range(3)]
    records = boot(specs, driver="container", patience=HURRIED, at_once=3)
    assert [(record.name, record.problem, record.off) for record in records] == [
        ("one-of-0", None, True),
        ("one-of-1", None, True),
        ("one-of-2", None, True),
    ]


@pytest.mark.parametrize(
    ("name", "script", "problem"),
    [
        ("fails", "echo no; exit 3\n", "systemd-nspawn ended with exit code 3"),
        ("leaves", f"{GREETING}exit 0\n", None),
        ("quits", "echo 'Welcome to a small Linux!'\nexit 0\n", "the guest powered off by itself"),
        (
            "stays",
            f"trap '' 38\n{GREETING}{WAIT}",
            "it did not power off within 8 s, though its power button was pressed",
        ),
        ("hangs", f"{OFF}echo 'Welcome to a small Linux!'\n{WAIT}", "no milestone, block or CPU activity for"),
        ("floods", f"{OFF}while :; do echo {'x' * 4000}; done\n", "it printed more than 65536 KiB on its console"),
        ("silent", "sleep 60\n", "before its first milestone"),
        ("escapes", f"{OFF}printf '\\033]0;x\\007\\033[2Jred\\n'\nexit 9\n", "systemd-nspawn ended with exit code 9"),
    ],
)
def test_what_goes_wrong_is_told(machine_of: MachineOf, name: str, script: str, problem: str | None) -> None:
    spec = machine_of(name, script)
    (record,) = boot([spec], driver="container", patience=HURRIED)
    assert (record.problem is None) == (problem is None), record.problem
    assert problem is None or problem in str(record.problem)
    assert not any("\x1b" in line for line in record.tail)
    assert spec.console.stat().st_size <= watch.CONSOLE_LIMIT
    assert left_on_host(spec.folder) == []
    assert cgroups_of(os.getpid()) == []


def test_a_host_without_space_is_named(machine_of: MachineOf, tmp_path: Path) -> None:
    """A guest that fills its overlay until this host's file system is full."""
    spec = machine_of("fills", f"{OFF}{GREETING.partition(chr(10))[0]}\ncat /dev/zero > /var/fill\n{WAIT}")
    full = tmp_path / "full"
    full.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", full], check=True, timeout=20)
    try:
        assert spec.disk.backing is not None
        disk = create_overlay(full / "fills.qcow2", spec.disk.backing)
        (record,) = boot([replace(spec, disk=disk)], driver="container", patience=HURRIED)
    finally:
        subprocess.run(["umount", full], check=True, timeout=20)
    assert record.problem is not None
    assert leading(record.causes)[0].name == "host-disk-full"
    assert left_on_host(spec.folder) == []


def test_a_disk_without_a_system_is_told(tmp_path: Path) -> None:
    path = tmp_path / "blank.raw"
    with path.open("wb") as file:
        file.truncate(SIZE)
    disk = create_overlay(tmp_path / "blank.qcow2", Disk(path, DiskFormat.RAW, SIZE))
    (record,) = boot(
        [MachineSpec(name="blank", disk=disk, folder=tmp_path / "m")], driver="container", patience=HURRIED
    )
    assert record.problem is not None
    assert "before its first milestone" in record.problem


def visited(spec: MachineSpec, pay: Callable[[Inside], None]) -> BootRecord:
    def at_door(machine: Machine) -> None:
        with machine.inside(10.0) as inside:
            pay(inside)

    (record,) = boot([spec], driver="container", patience=HURRIED, visit=Visit(at_door, 60.0))
    return record


def test_programs_run_inside_as_its_root_with_no_more_than_it_has(machine_of: MachineOf) -> None:
    said: list[ProgramEnd] = []
    spec = machine_of("inside", f"{OFF}cat /proc/self/uid_map /proc/1/status >/root/own\n{GREETING}{WAIT}")

    def pay(inside: Inside) -> None:
        said.append(inside.run(("cat", "/root/own"), timeout=20))
        said.append(inside.run(("cat", "/proc/self/uid_map", "/proc/self/status"), timeout=20))
        said.append(
            inside.run(("sh", "-c", "for f in /proc/self/fd/*; do echo $f; done; cat"), stdin=b"in", timeout=20)
        )
        said.append(inside.run(("sh", "-c", "exit 7"), timeout=20))
        said.append(inside.run(("sh", "-c", "kill -15 $$"), timeout=20))
        said.append(inside.run(("/no/such", "x"), timeout=20))
        said.append(inside.run(("/etc/os-release",), timeout=20))
        said.append(inside.run(("sh", "-c", "echo half; sleep 60"), timeout=1))
        said.append(inside.run(("sh", "-c", "sleep 60 & echo gone"), timeout=20))

    record = visited(spec, pay)
    assert (record.problem, record.off) == (None, True)
    own, mine, streams, seven, terminated, missing, no_program, slow, daemon = said
    assert _facts(mine) == _facts(own)
    # The shell's own glob is the fourth: nothing of this host is open inside.
    assert streams.stdout.split(b"\n") == [*(b"/proc/self/fd/%d" % number for number in (0, 1, 2, 3)), b"in"]
    assert (seven.status, terminated.status) == (7, 143)
    assert (missing.status, missing.stderr) == (127, b"/no/such: not found\n")
    assert no_program.status == 126
    assert (slow.status, slow.stdout) == (None, b"half\n")
    assert (daemon.status, daemon.stdout) == (0, b"gone\n")
    assert cgroups_of(os.getpid()) == []


def _facts(end: ProgramEnd) -> dict[str, str]:
    """Who a process is: the map of its users, its ids and its capabilities."""
    users, _, status = end.stdout.decode().partition("\n")
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    names = ("Uid", "Gid", "Groups", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    return {"map": users, **{name: fields[name].strip() for name in names}}


def test_a_flood_from_inside_is_cut(machine_of: MachineOf) -> None:
    said: list[ProgramEnd] = []
    spec = machine_of("flood", f"{OFF}{GREETING}{WAIT}")
    visited(spec, lambda inside: said.append(inside.run(("cat", "/dev/zero"), timeout=3)))
    assert (len(said[0].stdout), said[0].cut, said[0].status) == (OUTPUT_LIMIT, True, None)


def test_a_guest_that_goes_down_takes_its_programs_along(machine_of: MachineOf) -> None:
    told: list[str] = []
    spec = machine_of("down", f"{OFF}{GREETING}while [ ! -e /root/go ]; do sleep 0.1; done\n")

    def pay(inside: Inside) -> None:
        ran = inside.run(("sh", "-c", "echo >/root/go; sleep 60"), timeout=30)
        told.append(str(ran.status))

    record = visited(spec, pay)
    assert record.off
    assert told in (["137"], [])
    assert left_on_host(spec.folder) == []


SCRIPT = """
import sys
from pathlib import Path
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.machine.boot import boot
from goldsmith.machine.driver import MachineSpec
overlay, base, size, folder = sys.argv[1:]
disk = Disk(Path(overlay), DiskFormat.QCOW2, int(size), Disk(Path(base), DiskFormat.RAW, int(size)))
boot([MachineSpec(name="killed", disk=disk, folder=Path(folder), stages=())], driver="container")
"""


def test_nothing_runs_on_when_goldsmith_is_killed(machine_of: MachineOf) -> None:
    spec = machine_of("killed", f"echo 'Welcome to a small Linux!'\n{WAIT}")
    assert spec.disk.backing is not None
    words = [str(spec.disk.path), str(spec.disk.backing.path), str(SIZE), str(spec.folder)]
    with subprocess.Popen([sys.executable, "-c", SCRIPT, *words]) as process:
        deadline = time.monotonic() + 60
        while not (spec.console.exists() and b"Welcome" in spec.console.read_bytes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert b"Welcome" in spec.console.read_bytes()
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while left_on_host(spec.folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left_on_host(spec.folder) == []
    # What a dead process leaves of its groups is removed by the next rehearsal.
    (record,) = boot([machine_of("next", f"{OFF}{GREETING}{WAIT}")], driver="container", patience=HURRIED)
    assert record.reached(Milestone.READY)
    assert cgroups_of(process.pid) == []
