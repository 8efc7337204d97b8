"""Opening disks: what cannot be opened is one clear line, reading only leaves the disk alone, growing grows."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.partitions import read_partitions
from goldsmith.disk.qemu_img import convert, create_overlay
from goldsmith.errors import BuildError, GoldsmithError, InputError
from goldsmith.guest.change import ABSENT, MakeDirectory, Plan, Remove, Seen, Write
from goldsmith.guest.index import FileType
from goldsmith.guest.open import open_guest

MIB = 1 << 20
WHY: dict[str, Any] = {"operation": "test", "reason": "because"}
EXT4_MAGIC = 0x438


def raw(path: Path, size: int, **pieces: tuple[int, bytes]) -> Disk:
    with path.open("wb") as file:
        file.truncate(size)
        for offset, content in pieces.values():
            file.seek(offset)
            file.write(content)
    return Disk(path, DiskFormat.RAW, size)


def blank(path: Path, _: Disk) -> Disk:
    return raw(path, 8 * MIB)


def encrypted(path: Path, guest_disk: Disk) -> Disk:
    """A partition that begins with a LUKS header where the root was."""
    made = truncated_to_table(path, guest_disk)
    with path.open("r+b") as file:
        file.seek(MIB)
        file.write(b"LUKS\xba\xbe\x00\x02")
    return made


def logical_volumes(path: Path, guest_disk: Disk) -> Disk:
    made = truncated_to_table(path, guest_disk)
    with path.open("r+b") as file:
        file.seek(MIB + 512)
        file.write(b"LABELONE" + bytes(16) + b"LVM2 001")
    return made


def truncated_to_table(path: Path, guest_disk: Disk) -> Disk:
    """The same partition table, and nothing in the partition."""
    with guest_disk.path.open("rb") as source:
        table = source.read(MIB)
    return raw(path, guest_disk.virtual_size, table=(0, table))


def without_system(path: Path, guest_disk: Disk) -> Disk:
    shutil.copy(guest_disk.path, path)
    for name in ("/etc/os-release", "/usr/lib/os-release"):
        subprocess.run(
            ["/usr/sbin/debugfs", "-w", "-R", f"rm {name}", f"{path}?offset={MIB}"], capture_output=True, check=False
        )
    return Disk(path, DiskFormat.RAW, guest_disk.virtual_size)


def damaged(path: Path, guest_disk: Disk) -> Disk:
    """The superblock's magic is there, the rest of it is not."""
    made = truncated_to_table(path, guest_disk)
    with path.open("r+b") as file:
        file.seek(MIB + EXT4_MAGIC)
        file.write(b"\x53\xef")
    return made


def truncated(path: Path, guest_disk: Disk) -> Disk:
    with guest_disk.path.open("rb") as source:
        path.write_bytes(source.read(40 * MIB))
    return Disk(path, DiskFormat.RAW, 40 * MIB)


UNUSABLE = [
    (blank, "no operating system found in .*: the disk is blank"),
    (encrypted, r"no operating system found in .*: it is encrypted \(LUKS\)"),
    (logical_volumes, "no operating system found in .*: it is an LVM volume group"),
    (without_system, r"no operating system found in .*: partition 1 \(ext4\), none with /etc/os-release"),
    (damaged, r"no operating system found in .*: partition 1 \(ext2\) cannot be mounted: "),
    (truncated, "(partition 1 of .* ends at byte|GPT|no operating system)"),
]


@pytest.mark.root
@pytest.mark.parametrize(("make", "why"), UNUSABLE, ids=[make.__name__ for make, _ in UNUSABLE])
def test_a_disk_without_a_system_is_refused_by_mount(
    make: Callable[[Path, Disk], Disk], why: str, guest_disk: Disk, tmp_path: Path
) -> None:
    refuses("mount", make(tmp_path / "disk.raw", guest_disk), why, tmp_path)


@pytest.mark.guestfs
@pytest.mark.parametrize(("make", "why"), UNUSABLE[1:2], ids=["encrypted"])
def test_a_disk_without_a_system_is_refused_by_guestfs(
    make: Callable[[Path, Disk], Disk], why: str, guest_disk: Disk, tmp_path: Path
) -> None:
    refuses("guestfs", make(tmp_path / "disk.raw", guest_disk), why, tmp_path)


def refuses(engine: str, disk: Disk, why: str, folder: Path) -> None:
    with pytest.raises(InputError) as raised, open_guest(disk, engine=engine, scratch=folder):
        pass
    assert re.search(why, raised.value.message), raised.value.message
    assert "\n" not in raised.value.message
    assert raised.value.hint
    assert [path.name for path in folder.iterdir()] == ["disk.raw"]


@pytest.mark.root
@pytest.mark.guestfs
def test_every_engine_shows_the_same_tree_and_reading_only_leaves_the_disk_alone(
    guest_disk: Disk, tmp_path: Path
) -> None:
    before = sha256(guest_disk.path.read_bytes()).digest()
    shown = {}
    for engine in ("mount", "guestfs"):
        with open_guest(guest_disk, engine=engine, scratch=tmp_path, read_only=True) as guest:
            shown[engine] = guest.index()
            with pytest.raises(BuildError):
                guest.apply(Plan((Write(path="/new", seen=ABSENT, content=b"", **WHY),)))
            with pytest.raises(BuildError, match="opened to be read only"):
                guest.run(["true"])
            with pytest.raises(BuildError, match="opened to be read only"):
                guest.trim()
    assert shown["mount"] == shown["guestfs"]
    assert sha256(guest_disk.path.read_bytes()).digest() == before
    assert list(tmp_path.iterdir()) == []


def grows(engine: str, guest_disk: Disk, folder: Path) -> None:
    size = 200 * MIB
    overlay = create_overlay(folder / "overlay.qcow2", guest_disk, size)
    with open_guest(overlay, engine=engine, scratch=folder, grow=True) as guest:
        assert guest.read("/etc/hostname") == b"guest\n"
    flat = convert(overlay, folder / "flat.raw", DiskFormat.RAW)
    (root,) = read_partitions(flat.path)
    assert (root.number, root.offset, root.size) == (1, MIB, size - 2 * MIB)
    assert "No errors detected" in sfdisk_verify(flat.path)
    said = subprocess.run(
        ["/usr/sbin/dumpe2fs", "-h", f"{flat.path}?offset={MIB}"], capture_output=True, text=True, check=True
    ).stdout
    blocks, block = number(said, "Block count"), number(said, "Block size")
    assert root.size - blocks * block < MIB
    done = subprocess.run(["/usr/sbin/e2fsck", "-fn", f"{flat.path}?offset={MIB}"], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


def number(text: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    assert found is not None
    return int(found[1])


def sfdisk_verify(path: Path) -> str:
    done = subprocess.run(["/usr/sbin/sfdisk", "--verify", path], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@pytest.mark.root
def test_partition_and_file_system_grow_with_mount(guest_disk: Disk, tmp_path: Path) -> None:
    grows("mount", guest_disk, tmp_path)


@pytest.mark.guestfs
def test_partition_and_file_system_grow_with_guestfs(guest_disk: Disk, tmp_path: Path) -> None:
    grows("guestfs", guest_disk, tmp_path)


@pytest.mark.root
def test_changes_are_on_the_disk_after_closing(guest_disk: Disk, tmp_path: Path) -> None:
    """And a chain of overlays is one disk."""
    first = create_overlay(tmp_path / "first.qcow2", guest_disk)
    with open_guest(first, engine="mount", scratch=tmp_path) as guest:
        guest.apply(Plan((Write(path="/t/first", seen=ABSENT, content=b"1", **WHY),)))
    second = create_overlay(tmp_path / "second.qcow2", first)
    with open_guest(second, engine="mount", scratch=tmp_path) as guest:
        assert guest.read("/t/first") == b"1"
        guest.apply(Plan((Remove(path="/t/first", seen=Seen(FileType.REGULAR), **WHY),)))
    with open_guest(second, engine="mount", scratch=tmp_path, read_only=True) as guest:
        assert "/t/first" not in guest.index(("/t/first",))
    with open_guest(first, engine="mount", scratch=tmp_path, read_only=True) as guest:
        assert "/t/first" in guest.index(("/t/first",))


@pytest.mark.root
def test_a_replayed_journal_is_what_reading_only_shows(guest_disk: Disk, tmp_path: Path) -> None:
    """A clone that was switched off leaves its last changes in the journal only."""
    overlay = create_overlay(tmp_path / "overlay.qcow2", guest_disk)

    with contextlib.suppress(BuildError), open_guest(overlay, engine="mount", scratch=tmp_path) as guest:
        guest.apply(Plan((MakeDirectory(path="/t/late", seen=ABSENT, **WHY),)))
        guest.sync()
        guest._process.end()  # type: ignore[attr-defined]
    before = sha256(overlay.path.read_bytes()).digest()
    with open_guest(overlay, engine="mount", scratch=tmp_path, read_only=True) as guest:
        assert guest.index(("/t/late",))["/t/late"].is_directory
    assert sha256(overlay.path.read_bytes()).digest() == before


@pytest.mark.process
@pytest.mark.parametrize(
    ("engine", "is_disk"), [("tree", True), ("mount", False), ("guestfs", False), ("nothing", True)]
)
def test_an_engine_opens_what_it_is_for(engine: str, is_disk: bool, tmp_path: Path) -> None:  # noqa: FBT001
    where = Disk(tmp_path / "disk", DiskFormat.RAW, MIB) if is_disk else tmp_path
    with pytest.raises(InputError, match="does not open a"), open_guest(where, engine=engine, scratch=tmp_path):
        pass


@pytest.mark.root
@pytest.mark.parametrize("lie", [DiskFormat.QCOW2, DiskFormat.RAW])
def test_a_format_that_is_not_the_stated_one_is_refused(lie: DiskFormat, guest_disk: Disk, tmp_path: Path) -> None:
    overlay = create_overlay(tmp_path / "overlay", guest_disk)
    path = overlay.path if lie is DiskFormat.RAW else guest_disk.path
    disk = Disk(path, lie, guest_disk.virtual_size)
    with pytest.raises(GoldsmithError) as raised, open_guest(disk, engine="mount", scratch=tmp_path):
        pass
    assert raised.value.exit_code in {2, 4}
