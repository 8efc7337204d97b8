"""Nothing that a kernel wrote and deleted is in the sealed bytes of ext4 and XFS, and everything else is as it was."""

from __future__ import annotations

import os
import random
import struct
import sys
from collections import Counter
from pathlib import Path

import pytest

from goldsmith.disk import qemu_img
from goldsmith.disk.crc32c import crc32c
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.scrub import Area
from goldsmith.disk.scrubs import ext as ext_scrub
from goldsmith.disk.scrubs import xfs as xfs_scrub
from goldsmith.disk.seal import Packing, seal
from goldsmith.disk.xfs.forget import Group, forget
from goldsmith.disk.xfs.volume import DamagedError, UnknownFormatError
from goldsmith.errors import BuildError

from .conftest import MIB, Shell, counts, gpt

pytestmark = [pytest.mark.process, pytest.mark.root]
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"
PLANT = Path(__file__).with_name("plant.py")
CANARIES = (b"CANARYCONTENT", b"CANARYNAME", b"CANARYTARGET", b"CANARYLONGTARGET", b"CANARYVALUE", b"CANARYATTRIBUTE",
            b"CANARYINLINE")  # fmt: skip
NONE = dict.fromkeys(CANARIES, 0)
CHECKS = {"mkfs.xfs": "xfs_repair -n -f fs", "mke2fs": "e2fsck -fn fs"}


def planted(sh: Shell, size: int, make: str, options: str = "loop") -> str:
    """Make the file system `fs` of `size` MiB with canaries that were deleted; what is listed in it."""
    sh(f"truncate -s {size}M fs; {make} fs; mkdir m")
    sh(f"unshare --mount {sys.executable} {PLANT} plant fs m {options}")
    return sh(f"unshare --mount {sys.executable} {PLANT} list fs m")


def sealed_again(sh: Shell, folder: Path, size: int) -> None:
    """Put `fs` into a disk, seal it, and take it out of the decoded disk."""
    (folder / "scratch").mkdir()
    sh(f"truncate -s {size + 2}M disk; dd if=fs of=disk bs=1M seek=1 conv=sparse,notrunc status=none; rm fs")
    gpt(folder / "disk", (1, MIB, size * MIB, LINUX))
    disk = Disk(folder / "disk", DiskFormat.RAW, (size + 2) * MIB)
    sealed = seal(disk, folder / "sealed", packing=Packing.QCOW2, scratch=folder / "scratch")
    assert sealed.findings == ()
    disk.path.unlink()
    qemu_img.convert(sealed.disk, folder / "decoded", DiskFormat.RAW)
    assert counts(folder / "decoded", *CANARIES) == NONE
    sh(f"dd if=decoded of=fs bs=1M skip=1 count={size} conv=sparse status=none")


def forgets(sh: Shell, folder: Path, size: int, make: str, options: str = "loop") -> None:
    before = planted(sh, size, make, options)
    seen = counts(folder / "fs", *CANARIES)
    assert all(seen.values()), seen
    sealed_again(sh, folder, size)
    sh(CHECKS[make.split(maxsplit=1)[0]])
    assert sh(f"unshare --mount {sys.executable} {PLANT} list fs m loop,ro") == before


XFS = (
    pytest.param("", 320, id="usual"),
    pytest.param("-b size=1024 -n size=8192 -m rmapbt=1 -i nrext64=1", 320, id="small-blocks"),
    pytest.param(
        "-i size=2048 -m finobt=0,reflink=0,inobtcount=0,bigtime=0 -i sparse=0", 320, id="old", marks=pytest.mark.full
    ),
    pytest.param("-b size=65536 -s size=4096", 900, id="large-blocks", marks=pytest.mark.full),
)


@pytest.mark.parametrize(("options", "size"), XFS)
def test_xfs_forgets_and_stays_the_same(sh: Shell, tmp_path: Path, options: str, size: int) -> None:
    forgets(sh, tmp_path, size, f"mkfs.xfs -q {options}")


EXT4 = (
    pytest.param("", "loop", id="usual"),
    pytest.param("-O inline_data -I 512", "loop,data=journal", id="inline"),
)


@pytest.mark.parametrize(("options", "mounting"), EXT4)
def test_ext4_forgets_and_stays_the_same(sh: Shell, tmp_path: Path, options: str, mounting: str) -> None:
    forgets(sh, tmp_path, 200, f"mke2fs -q -t ext4 {options}", mounting)


@pytest.mark.parametrize("inode", ["-I 256", "-I 1024 -O ^metadata_csum", "-I 1024 -O metadata_csum_seed"])
def test_names_removed_from_directories_in_their_inodes(sh: Shell, tmp_path: Path, inode: str) -> None:
    """By debugfs, which removes a name as kernels before 5.13 did: its bytes stay."""
    script = []
    for number in range(6):
        # Two names are what fits without a block.
        script += [f"mkdir d{number}", f"write /dev/null d{number}/CANARYNAME{number}"]
        script += [f"write /dev/null d{number}/kept{number}", f"rm d{number}/CANARYNAME{number}"]
    (tmp_path / "script").write_text("\n".join([*script, ""]))
    sh(f"truncate -s 60M fs; mke2fs -q -t ext4 -O inline_data {inode} fs; debugfs -w -f script fs > /dev/null 2>&1")
    look = 'e2fsck -fn fs > /dev/null; for n in 0 1 2 3 4 5; do debugfs -R "ls -p d$n" fs 2>/dev/null | grep kept; done'
    before = sh(look)
    assert before.count("kept") == 6
    assert counts(tmp_path / "fs", *CANARIES)[b"CANARYNAME"] == 6
    assert ext_scrub.scrub(Area(tmp_path / "fs", 0, 0, 60 * MIB)) == ()
    assert counts(tmp_path / "fs", *CANARIES) == NONE
    assert sh(look) == before


def test_each_part_of_the_xfs_scrub_is_needed(sh: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(sh, 320, "mkfs.xfs -q")
    area = Area(tmp_path / "copy", 0, 0, 320 * MIB)

    def left(part: object, name: str, instead: object) -> set[bytes]:
        sh("cp --sparse=always fs copy")
        with monkeypatch.context() as patch:
            patch.setattr(part, name, instead)
            assert xfs_scrub.scrub(area) == ()
        return {word for word, number in counts(area.path, *CANARIES).items() if number}

    def nothing(*_: object, **__: object) -> None:
        return None

    assert {b"CANARYNAME", b"CANARYATTRIBUTE", b"CANARYVALUE"} <= left(Group, "_forget_inode", nothing)
    # Which of the deleted files' blocks now end a file that stays is the kernel's choice.
    assert b"CANARYCONTENT" in left(Group, "_forget_file", nothing)


@pytest.fixture
def small_xfs(sh: Shell, tmp_path: Path) -> Path:
    """An XFS whose files a prototype names: made without a mount."""
    (tmp_path / "kept").write_bytes(b"kept\n" * 3000)
    lines = [f"keep-{number:04} ---644 0 0 kept" for number in range(5)]
    lines += [
        f"dir-{number} d--755 0 0\n"
        + "".join(f"name-{each:05} ---600 1 2 /dev/null\n" for each in range(number**2))
        + "$"
        for number in range(0, 40, 6)
    ]
    lines += [f"link-{number} l--777 0 0 {'target' * number}" for number in range(1, 56, 9)]
    (tmp_path / "proto").write_text("boot 0 0\nd--755 0 0\n" + "\n".join(lines) + "\n$\n")
    sh("truncate -s 300M fs; mkfs.xfs -q -p proto fs")
    return tmp_path / "fs"


def test_blocks_that_an_allocation_group_holds_back_are_blanked(small_xfs: Path) -> None:
    """Its own list of free blocks, which no tree of free space has."""
    with small_xfs.open("rb") as file:
        data = file.read(1 << 16)
    sector = int.from_bytes(data[102:104], "big")
    first, _, held = struct.unpack_from(">III", data, sector + 40)
    blocks = struct.unpack_from(f">{held}I", data, 3 * sector + 36 + 4 * first)
    with small_xfs.open("r+b") as file:
        for block in blocks:
            file.seek(block * 4096)
            file.write(b"CANARYCONTENT")
    assert counts(small_xfs, *CANARIES)[b"CANARYCONTENT"] == held > 0
    assert xfs_scrub.scrub(Area(small_xfs, 0, 0, 300 * MIB)) == ()
    assert counts(small_xfs, *CANARIES) == NONE


def test_the_same_xfs_gives_the_same_bytes(small_xfs: Path, sh: Shell) -> None:
    sh("cp --sparse=always fs again")
    xfs_scrub.scrub(Area(small_xfs, 0, 0, 300 * MIB))
    sh("sleep 1.1")
    xfs_scrub.scrub(Area(small_xfs.with_name("again"), 0, 0, 300 * MIB))
    sh("cmp fs again")


@pytest.mark.parametrize(
    ("place", "value", "why"),
    [
        (16, bytes(7) + b"\x01", "real-time"),
        (48, bytes(8), "log is on another device"),
        (216, b"\x00\x01\x00\x01", "not known"),
        (216, b"\x00\x00\x00\x5f", "older than its features"),
    ],
)
def test_what_cannot_be_scrubbed_is_said(small_xfs: Path, place: int, value: bytes, why: str) -> None:
    with small_xfs.open("r+b") as file:
        superblock = bytearray(file.read(512))
        superblock[place : place + len(value)] = value
        superblock[224:228] = bytes(4)
        superblock[224:228] = crc32c(superblock).to_bytes(4, "little")
        file.seek(0)
        file.write(superblock)
    area = Area(small_xfs, 0, 0, 300 * MIB)
    (finding,) = xfs_scrub.scrub(area)
    assert finding.code == "GS201"
    assert why in finding.message


def test_xfs_without_checksums_forgets_all_but_names_and_says_so(sh: Shell, tmp_path: Path) -> None:
    sh("truncate -s 300M fs; mkfs.xfs -q -m crc=0,finobt=0 fs 2> /dev/null")
    with (tmp_path / "fs").open("r+b") as file:
        file.seek(200 * MIB)
        file.write(b"CANARYCONTENT")
    (finding,) = xfs_scrub.scrub(Area(tmp_path / "fs", 0, 0, 300 * MIB))
    assert "names deleted" in finding.message
    assert counts(tmp_path / "fs", *CANARIES) == NONE


def test_an_unclean_xfs_is_refused(sh: Shell, tmp_path: Path) -> None:
    sh(
        "truncate -s 300M fs; mkfs.xfs -q fs; mkdir m;"
        "unshare --mount sh -euc 'mount -o loop fs m; touch m/file; sync -f m; cp --sparse=always fs copy; umount m'"
    )
    with pytest.raises(BuildError, match="not unmounted cleanly"):
        xfs_scrub.scrub(Area(tmp_path / "copy", 0, 0, 300 * MIB))


def test_a_damaged_xfs_is_no_traceback_and_no_write_elsewhere(small_xfs: Path) -> None:
    """Random bytes in blocks of metadata, which a hostile image could carry with right checksums."""
    original = small_xfs.read_bytes()
    size, chance = 300 * MIB, random.Random(11)
    places = [at for at in range(0, size, 512) if original[at : at + 2] in {b"IN", b"XD", b"XA", b"IA", b"AB", b"XF"}]
    blocks = {at: original[at : at + 4096] for at in range(0, size, 4096) if original[at : at + 4096].strip(b"\0")}
    ended = Counter[str]()
    with small_xfs.open("r+b") as file:
        for _ in range(80):
            file.truncate(0)
            file.truncate(size)
            for at, block in blocks.items():
                os.pwrite(file.fileno(), block, at)
            flips = {chance.choice(places) + chance.randrange(200): chance.randrange(256) for _ in range(3)}
            for at, value in flips.items():
                os.pwrite(file.fileno(), bytes([value]), at)
            try:
                forget(file.fileno(), size)
                ended["done"] += 1
            except (DamagedError, UnknownFormatError) as error:
                ended[type(error).__name__] += 1
            assert os.fstat(file.fileno()).st_size == size
    assert ended["done"] > 5
    assert ended["DamagedError"] > 5
