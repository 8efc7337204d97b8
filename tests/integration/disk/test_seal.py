"""Sealing real disks: what was deleted is in none of the sealed bytes, what is there stays as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from goldsmith.disk import header, qemu_img
from goldsmith.disk import seal as sealing
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.partitions import BIOS_BOOT, EFI_SYSTEM, LINUX_SWAP, read_partitions
from goldsmith.disk.scrub import Area
from goldsmith.disk.scrubs import ext as ext_scrub
from goldsmith.disk.seal import Packing, Sealed, seal
from goldsmith.errors import BuildError, HostError, InputError
from goldsmith.events import Event, Progress
from goldsmith.findings import Finding, Severity

from .conftest import MIB, Shell, count, counts, gpt

pytestmark = pytest.mark.process
SIZE = 96 * MIB
ROOT = 32 * MIB
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"
PARTITIONS = (
    (14, MIB, MIB, BIOS_BOOT),
    (15, 2 * MIB, 12 * MIB, EFI_SYSTEM),
    (2, 14 * MIB, 17 * MIB, LINUX_SWAP),
    (1, ROOT, 63 * MIB, LINUX),
)
# One for each place where deletion leaves something.
CANARIES = (b"CANARYCONTENT", b"CANARYNAME", b"CANARYTARGET", b"CANARYLONGTARGET", b"CANARYVALUE", b"CANARYATTRIBUTE",
            b"CANARYINNER")  # fmt: skip


# What a clone's fstab, boot loader and kernel may rely on.
STAYS = (
    "^(Filesystem (UUID|features|volume)|Default mount|Inode (count|size)|Block|Reserved|Total journal|Directory Hash)"
)


def make_disk(sh: Shell, folder: Path, ext: str = "-t ext4") -> Disk:
    """A disk as of a cloud image: boot code, an ESP, swap, and a root with some files."""
    sh(
        f"truncate -s {SIZE} disk.raw;"
        f"head -c {MIB} /dev/urandom | dd of=disk.raw bs=1M seek=1 conv=notrunc status=none;"
        f"truncate -s 12M esp; mkfs.vfat esp > /dev/null; dd if=esp of=disk.raw bs=1M seek=2 conv=notrunc status=none;"
        f"truncate -s 17M swap; chmod 600 swap; mkswap -q -L swap swap;"
        f"dd if=swap of=disk.raw bs=1M seek=14 conv=notrunc,sparse status=none;"
        f"mke2fs -q {ext} -L root -E offset={ROOT} disk.raw 60m"
    )
    gpt(folder / "disk.raw", *PARTITIONS)
    return Disk(folder / "disk.raw", DiskFormat.RAW, SIZE)


def plant_offline(sh: Shell, folder: Path) -> None:
    """Files written and removed by debugfs: no journal, but every other place. Needs no privileges."""
    script = ["mkdir live", "mkdir gone"]
    (folder / "content").write_bytes(b"CANARYCONTENT" * 500)
    (folder / "kept").write_bytes(b"kept content\n" * 500)
    for n in range(40):
        script += [
            f"write content CANARYNAME{n}",
            f"ea_set CANARYNAME{n} user.CANARYATTRIBUTE CANARYVALUE",
            f"symlink CANARYNAMElink{n} CANARYTARGET{n}",
            f"symlink CANARYNAMElong{n} {'CANARYLONGTARGET' * 8}",
            f"write content gone/CANARYINNER{n}",
            f"write kept live/kept{n}",
        ]
    for n in range(40):
        script += [f"rm CANARYNAME{n}", f"rm CANARYNAMElink{n}", f"rm CANARYNAMElong{n}", f"rm gone/CANARYINNER{n}"]
    (folder / "script").write_text("\n".join([*script, "rmdir gone", ""]))
    sh(f"debugfs -w -f script 'disk.raw?offset={ROOT}' > /dev/null 2>&1; e2fsck -fy 'disk.raw?offset={ROOT}' || true")


def decoded(sealed: Sealed, folder: Path) -> Path:
    return qemu_img.convert(sealed.disk, folder / "decoded.raw", DiskFormat.RAW).path


def seen_in(path: Path) -> dict[bytes, int]:
    return counts(path, *CANARIES)


DIALECTS = ("-t ext4 -b 4096", "-t ext4 -I 128", "-t ext4 -O ^metadata_csum", "-t ext3", "-t ext2")
NONE = dict.fromkeys(CANARIES, 0)


def leave_as_it_is(_: Area) -> tuple[Finding, ...]:
    return ()


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "scratch"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def overlay(sh: Shell, tmp_path: Path) -> Disk:
    base = make_disk(sh, tmp_path)
    plant_offline(sh, tmp_path)
    return qemu_img.create_overlay(tmp_path / "overlay.qcow2", base)


@pytest.mark.parametrize("packing", list(Packing))
def test_nothing_deleted_is_in_the_sealed_bytes(overlay: Disk, tmp_path: Path, scratch: Path, packing: Packing) -> None:
    assert overlay.backing
    assert all(seen_in(overlay.backing.path).values())
    sealed = seal(overlay, tmp_path / "sealed", packing=packing, scratch=scratch)
    assert sealed.findings == ()
    assert seen_in(decoded(sealed, tmp_path)) == NONE
    assert header.inspect(sealed.disk.path, packing.disk_format) == SIZE
    qemu_img.check(sealed.disk)
    assert sealed.size == sealed.disk.path.stat().st_size


def test_without_the_scrub_the_canaries_are_seen(
    overlay: Disk, tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "SCRUBS", dict.fromkeys(sealing.SCRUBS, leave_as_it_is))
    sealed = seal(overlay, tmp_path / "sealed", packing=Packing.QCOW2_ZSTD, scratch=scratch)
    assert all(seen_in(decoded(sealed, tmp_path)).values())


def test_without_zeroing_free_inodes_attributes_are_seen(
    overlay: Disk, tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ext_scrub, "_erase_free", leave_as_it_is)
    sealed = seal(overlay, tmp_path / "sealed", packing=Packing.QCOW2_ZSTD, scratch=scratch)
    left = {word for word, number in seen_in(decoded(sealed, tmp_path)).items() if number}
    assert left >= {b"CANARYVALUE", b"CANARYATTRIBUTE"}


@pytest.mark.parametrize("ext", DIALECTS)
def test_every_dialect_of_ext_forgets_and_stays_the_same(sh: Shell, tmp_path: Path, scratch: Path, ext: str) -> None:
    disk = make_disk(sh, tmp_path, ext)
    plant_offline(sh, tmp_path)
    facts = f"dumpe2fs -h '{{}}?offset={ROOT}' 2>/dev/null | grep -E '{STAYS}'"
    before, listing = sh(facts.format("disk.raw")), sh(f"debugfs -R 'ls -l live' 'disk.raw?offset={ROOT}' 2>/dev/null")
    sealed = seal(disk, tmp_path / "sealed", packing=Packing.RAW, scratch=scratch)
    assert sealed.findings == ()
    assert seen_in(sealed.disk.path) == NONE
    assert sh(facts.format("sealed")) == before
    after = sh(f"debugfs -R 'ls -l live' 'sealed?offset={ROOT}' 2>/dev/null")
    assert sorted(after.split("\n")) == sorted(listing.split("\n"))
    assert sh(f"debugfs -R 'cat live/kept7' 'sealed?offset={ROOT}' 2>/dev/null") == "kept content\n" * 500
    assert read_partitions(sealed.disk.path) == read_partitions(disk.path)


NAMES_UUIDS = """\
UUID={root} / ext4 defaults 0 1
UUID={swap} none swap sw 0 0
search --no-floppy --fs-uuid --set=root {upper}
UUID=11111111-2222-3333-4444-555555555555 /srv ext4 defaults 0 2
"""


def plant_uuids(sh: Shell, folder: Path) -> tuple[str, str]:
    """Name root and swap on the root and on the ESP; their UUIDs."""
    root = sh(f"blkid -p -O {ROOT} -s UUID -o value disk.raw").strip()
    swap = sh(f"blkid -p -O {14 * MIB} -s UUID -o value disk.raw").strip()
    (folder / "names").write_text(NAMES_UUIDS.format(root=root, swap=swap, upper=root.upper()))
    sh(f"debugfs -w -R 'write names fstab' 'disk.raw?offset={ROOT}' 2>/dev/null;mcopy -i disk.raw@@2M names ::grub.cfg")
    return root, swap


@pytest.mark.parametrize("ext", DIALECTS)
def test_new_uuids_are_told_wherever_the_old_ones_were(sh: Shell, tmp_path: Path, scratch: Path, ext: str) -> None:
    disk = make_disk(sh, tmp_path, ext)
    root, swap = plant_uuids(sh, tmp_path)
    sealed = seal(disk, tmp_path / "sealed", packing=Packing.RAW, scratch=scratch, new_uuids="a build's key")
    assert sealed.findings == ()
    assert sealed.renewed is not None
    assert sealed.renewed.by_old.keys() == {root, swap}
    assert sealed.renewed.places == 6
    new_root, new_swap = sealed.renewed.by_old[root], sealed.renewed.by_old[swap]
    assert sh(f"blkid -p -O {ROOT} -s UUID -o value sealed").strip() == new_root
    assert sh(f"blkid -p -O {14 * MIB} -s UUID -o value sealed").strip() == new_swap
    told = NAMES_UUIDS.format(root=new_root, swap=new_swap, upper=new_root.upper())
    assert sh(f"debugfs -R 'cat fstab' 'sealed?offset={ROOT}' 2>/dev/null") == told
    assert sh("mtype -i sealed@@2M ::grub.cfg") == told
    left = counts(sealed.disk.path, root.encode(), root.upper().encode(), swap.encode())
    assert set(left.values()) == {0}
    sh(f"e2fsck -fn 'sealed?offset={ROOT}'")
    again = seal(disk, tmp_path / "again", packing=Packing.RAW, scratch=scratch, new_uuids="a build's key")
    assert again.sha256 == sealed.sha256


def test_a_uuid_in_the_name_of_a_file_cannot_be_renewed(sh: Shell, tmp_path: Path, scratch: Path) -> None:
    disk = make_disk(sh, tmp_path)
    root, _ = plant_uuids(sh, tmp_path)
    sh(f"debugfs -w -R 'write names dev-{root}' 'disk.raw?offset={ROOT}' 2>/dev/null")
    with pytest.raises(BuildError, match="stands in the structures of the file system of partition 1"):
        seal(disk, tmp_path / "sealed", scratch=scratch, new_uuids="a build's key")
    assert not (tmp_path / "sealed").exists()


def test_an_xfs_gets_a_new_uuid(sh: Shell, tmp_path: Path, scratch: Path) -> None:
    sh("truncate -s 320M disk.raw; mkfs.xfs -q -m uuid=99999999-8888-7777-6666-555555555555 disk.raw")
    disk = Disk(tmp_path / "disk.raw", DiskFormat.RAW, 320 * MIB)
    sealed = seal(disk, tmp_path / "sealed", packing=Packing.RAW, scratch=scratch, new_uuids="a build's key")
    assert sealed.renewed is not None
    (new,) = sealed.renewed.by_old.values()
    assert sh("blkid -p -s UUID -o value sealed").strip() == new
    sh("xfs_repair -n -f sealed")


def test_same_content_gives_the_same_bytes(overlay: Disk, tmp_path: Path, scratch: Path, sh: Shell) -> None:
    digests = set()
    for number in range(2):
        digests.add(seal(overlay, tmp_path / f"sealed{number}", packing=Packing.QCOW2_ZSTD, scratch=scratch).sha256)
        sh("sleep 1.1")  # e2fsprogs counts seconds
    assert digests == {sh("sha256sum sealed0").split()[0]}


def test_progress_of_every_part(overlay: Disk, tmp_path: Path, scratch: Path) -> None:
    events: list[Event] = []
    sealed = seal(overlay, tmp_path / "sealed", packing=Packing.QCOW2_ZSTD, scratch=scratch, emit=events.append)
    last = {event.step: (event.done, event.total) for event in events if isinstance(event, Progress)}
    assert last == {"flatten": (SIZE, SIZE), "pack": (SIZE, SIZE), "digest": (sealed.size, sealed.size)}


def test_output_that_is_there_already_stays(overlay: Disk, tmp_path: Path, scratch: Path) -> None:
    (tmp_path / "sealed").write_text("mine")
    with pytest.raises(InputError, match="there already"):
        seal(overlay, tmp_path / "sealed", packing=Packing.QCOW2_ZSTD, scratch=scratch)
    assert (tmp_path / "sealed").read_text() == "mine"


def test_swap_and_fat_forget_too(sh: Shell, tmp_path: Path, scratch: Path) -> None:
    disk = make_disk(sh, tmp_path)
    with disk.path.open("r+b") as file:
        file.seek(14 * MIB + 5 * MIB)
        file.write(b"CANARYCONTENT")
    sh(
        "printf CANARYCONTENT > a; printf keep > b; mmd -i disk.raw@@2M ::d;"
        "for n in 1 2 3; do"
        "  mcopy -i disk.raw@@2M a ::CANARYNAME$n-long-name.txt; mcopy -i disk.raw@@2M a ::d/CANARYINNER$n;"
        "done;"
        "mcopy -i disk.raw@@2M b ::d/keeper-with-a-long-name;"
        "mdel -i disk.raw@@2M ::CANARYNAME*; mdel -i disk.raw@@2M ::d/CANARYINNER*;"
        "mcopy -i disk.raw@@2M b ::b"
    )
    kept = sh("mdir -i disk.raw@@2M -/ -b ::")
    assert count(disk.path, b"CANARYCONTENT") == 1 + 5  # the last file took over one cluster
    sealed = seal(disk, tmp_path / "sealed", packing=Packing.RAW, scratch=scratch)
    assert sealed.findings == ()
    for word in (b"CANARYCONTENT", b"ANARYNAM", b"ANARYINN", "CANARY".encode("utf-16-le")):
        assert count(sealed.disk.path, word) == 0, word
    assert sh("mdir -i sealed@@2M -/ -b ::") == kept
    assert sh("mtype -i sealed@@2M ::d/keeper-with-a-long-name; mtype -i sealed@@2M ::b") == "keepkeep"
    sh(
        "dd if=sealed of=esp bs=1M skip=2 count=12 status=none; fsck.vfat -n esp;"
        "blkid -p -O 14680064 sealed | grep -q swap"
    )


def test_unknown_file_system_is_said_to_be_unproven(sh: Shell, tmp_path: Path, scratch: Path) -> None:
    sh("truncate -s 120M disk.raw; mkfs.btrfs -q disk.raw")
    sealed = seal(
        Disk(tmp_path / "disk.raw", DiskFormat.RAW, 120 * MIB),
        tmp_path / "sealed",
        packing=Packing.QCOW2,
        scratch=scratch,
    )
    assert [(finding.code, finding.severity) for finding in sealed.findings] == [("GS201", Severity.WARNING)]
    assert "btrfs" in sealed.findings[0].message


def test_data_that_is_no_file_system_is_said_to_be_unproven(sh: Shell, tmp_path: Path, scratch: Path) -> None:
    disk = make_disk(sh, tmp_path)
    sh("head -c 65536 /dev/urandom | dd of=disk.raw bs=1M seek=14 conv=notrunc status=none")
    sealed = seal(disk, tmp_path / "sealed", packing=Packing.QCOW2, scratch=scratch)
    assert [finding.subject for finding in sealed.findings] == ["partition 2"]


def test_data_outside_of_partitions_is_said_to_be_unproven(sh: Shell, tmp_path: Path, scratch: Path) -> None:
    disk = make_disk(sh, tmp_path)
    sh(f"truncate -s {SIZE + 8 * MIB} disk.raw")
    grown = Disk(disk.path, DiskFormat.RAW, SIZE + 8 * MIB)
    assert seal(grown, tmp_path / "grown", packing=Packing.QCOW2, scratch=scratch).findings == ()
    sh(f"head -c 300000 /dev/urandom | dd of=disk.raw bs=1M seek={SIZE // MIB + 2} conv=notrunc status=none")
    sealed = seal(grown, tmp_path / "sealed", packing=Packing.QCOW2, scratch=scratch)
    assert ["outside of partitions" in finding.message for finding in sealed.findings] == [True]


def test_damaged_file_system_is_not_sealed(overlay: Disk, tmp_path: Path, scratch: Path, sh: Shell) -> None:
    sh(f"debugfs -w -R 'clri <2>' 'disk.raw?offset={ROOT}'")
    with pytest.raises(BuildError, match="damaged"):
        seal(overlay, tmp_path / "sealed", packing=Packing.QCOW2_ZSTD, scratch=scratch)
    assert not (tmp_path / "sealed").exists()


def test_file_system_larger_than_its_partition_is_not_touched(sh: Shell, tmp_path: Path, scratch: Path) -> None:
    disk = make_disk(sh, tmp_path)
    gpt(disk.path, (1, ROOT, 30 * MIB, LINUX))
    with pytest.raises(BuildError, match="claims"):
        seal(disk, tmp_path / "sealed", packing=Packing.QCOW2_ZSTD, scratch=scratch)


@pytest.mark.root
def test_a_journal_forgets_and_an_unclean_one_is_replayed(sh: Shell, tmp_path: Path, scratch: Path) -> None:
    make_disk(sh, tmp_path)
    sh(
        f"mkdir m; mount -o loop,offset={ROOT} disk.raw m; trap 'umount m' EXIT;"
        "for n in $(seq 1 60); do"
        "  echo CANARYCONTENT > m/CANARYNAME$n; setfattr -n user.CANARYATTRIBUTE -v CANARYVALUE m/CANARYNAME$n;"
        f"  ln -s CANARYTARGET m/CANARYNAMEl$n; ln -s {'CANARYLONGTARGET' * 8} m/CANARYNAMEL$n;"
        "  mkdir m/d$n; touch m/d$n/CANARYINNER;"
        "done;"
        f"sync -f m; rm -r m/CANARY* m/d*; echo kept > m/kept; sync -f m; cp --sparse=always disk.raw unclean.raw"
    )
    assert "needs_recovery" in sh(f"dumpe2fs -h 'unclean.raw?offset={ROOT}' 2>/dev/null")
    unclean = Disk(tmp_path / "unclean.raw", DiskFormat.RAW, SIZE)
    assert all(seen_in(unclean.path).values())
    sealed = seal(unclean, tmp_path / "sealed", packing=Packing.RAW, scratch=scratch)
    assert seen_in(sealed.disk.path) == NONE
    assert sh(f"debugfs -R 'cat kept' 'sealed?offset={ROOT}' 2>/dev/null") == "kept\n"
    sh(f"mount -o loop,offset={ROOT} sealed m; cat m/kept; umount m")


@pytest.mark.root
def test_full_scratch_is_a_host_error_and_leaves_nothing(overlay: Disk, tmp_path: Path, small_folder: Path) -> None:
    with pytest.raises(HostError, match="no space left"):
        seal(overlay, tmp_path / "sealed", packing=Packing.QCOW2_ZSTD, scratch=small_folder)
    assert list(small_folder.iterdir()) == []
    assert not (tmp_path / "sealed").exists()


@pytest.mark.root
def test_full_output_is_a_host_error_and_leaves_nothing(
    overlay: Disk, small_folder: Path, scratch: Path, sh: Shell
) -> None:
    sh("head -c 300000 /dev/zero > filler", cwd=small_folder)
    with pytest.raises(HostError, match="no space left"):
        seal(overlay, small_folder / "sealed", packing=Packing.QCOW2, scratch=scratch)
    assert [path.name for path in small_folder.iterdir()] == ["filler"]
