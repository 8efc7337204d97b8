"""Which volumes of its own disk a guest mounts where."""

from __future__ import annotations

import pytest

from goldsmith.disk.filesystem import FileSystem, FileSystemKind
from goldsmith.guest.worker.fstab import Place, places
from goldsmith.guest.worker.volumes import Volume

ROOT = Volume(1, 1 << 20, 1 << 30, FileSystem(FileSystemKind.EXT4, "aaaa-1", "root"), "guid-1", "system")
BOOT = Volume(2, 2 << 30, 1 << 20, FileSystem(FileSystemKind.XFS, "bbbb-2", "my boot"), "guid-2")
ESP = Volume(15, 3 << 30, 1 << 20, FileSystem(FileSystemKind.VFAT, "1A2B-3C4D", "EFI"), "guid-15")
BLANK = Volume(4, 4 << 30, 1 << 20, None, "guid-4", "größe")
VOLUMES = (ROOT, BOOT, ESP, BLANK)


def test_a_whole_fstab_parents_first() -> None:
    content = b"""\
# <file system> <mount point> <type> <options>
UUID=1A2B-3C4D /boot/efi vfat umask=0077 0 1
UUID=aaaa-1\t/\text4\terrors=remount-ro 0 1
  /dev/vda2  /boot  xfs
UUID=cccc-3 /srv ext4 defaults 0 2
/swapfile none swap sw 0 0
tmpfs /tmp tmpfs defaults 0 0
host:/export /net nfs defaults 0 0
/dev/cdrom /media/cdrom0 udf,iso9660 user,noauto 0 0
broken line
"""
    assert places(content, VOLUMES) == [Place(BOOT, "/boot"), Place(ESP, "/boot/efi")]


@pytest.mark.parametrize(
    ("source", "volume"),
    [
        ("UUID=bbbb-2", BOOT),
        ('UUID="bbbb-2"', BOOT),
        ("UUID=BBBB-2", BOOT),
        ("UUID=1a2b-3c4d", ESP),
        (r"LABEL=my\040boot", BOOT),
        ("PARTUUID=GUID-4", BLANK),
        ("PARTLABEL=größe", BLANK),
        (r"PARTLABEL=gr\303\266\303\237e", BLANK),
        ("/dev/disk/by-uuid/bbbb-2", BOOT),
        (r"/dev/disk/by-label/my\x20boot", BOOT),
        ("/dev/disk/by-partlabel/system", ROOT),
        ("/dev/disk/by-label/EFI", ESP),
        ("/dev/disk/by-partuuid/guid-15", ESP),
        ("/dev/sda2", BOOT),
        ("/dev/vda15", ESP),
        ("/dev/xvda2", BOOT),
        ("/dev/nvme0n1p2", BOOT),
        ("/dev/mmcblk0p2", BOOT),
    ],
)
def test_every_way_to_name_a_volume(source: str, volume: Volume) -> None:
    assert places(f"{source} /data auto defaults 0 2\n".encode(), VOLUMES) == [Place(volume, "/data")]


@pytest.mark.parametrize(
    "source",
    [
        "UUID=",
        "LABEL=",
        "PARTUUID=",
        "UUID=none",
        "/dev/sda9",
        "/dev/sda",
        "/dev/sdb2",
        "/dev/sdaa2",
        "/dev/vdc15",
        "/dev/nvme1n1p2",
        "/dev/nvme0n2p2",
        "/dev/nvme99n1p2",
        "LABEL=efi",
        "PARTLABEL=System",
        "/dev/mapper/vg-root",
        "ID=aaaa-1",
    ],
)
def test_what_is_not_of_this_disk_is_left_out(source: str) -> None:
    assert places(f"{source} /data auto defaults 0 2\n".encode(), VOLUMES) == []


@pytest.mark.parametrize(
    "path",
    ["/", "//", "none", "swap", "data", "../data", "/a/../../data", "/a//b", r"/a\000b", "/proc", "/sys/x", "/dev/shm"],
)
def test_no_place_is_outside_the_tree_or_the_kernels(path: str) -> None:
    assert places(f"UUID=bbbb-2 {path} xfs defaults 0 2\n".encode(), VOLUMES) == []


def test_a_node_is_of_this_disk_if_the_roots_is() -> None:
    content = b"/dev/xvdb1 / ext4\n/dev/vdb2 /boot xfs\n/dev/xvda15 /boot/efi vfat\n"
    assert places(content, VOLUMES) == [Place(BOOT, "/boot")]


def test_only_blanks_and_tabs_separate() -> None:
    content = "UUID=bbbb-2\t/a\u00a0b\u2028c xfs defaults 0 2\r\nUUID=1A2B-3C4D /d\x0be vfat defaults\n".encode()
    assert places(content, VOLUMES) == [Place(BOOT, "/a\u00a0b\u2028c"), Place(ESP, "/d\x0be")]


def test_an_escape_is_a_byte() -> None:
    assert places(rb"UUID=bbbb-2 /gr\303\266\303\237e xfs x", VOLUMES) == [Place(BOOT, "/größe")]
    assert places(rb"UUID=bbbb-2 /\377 xfs x", VOLUMES) == [Place(BOOT, "/\udcff")]


@pytest.mark.parametrize("path", ["/runner", "/system", "/devel", "/process/data"])
def test_a_name_that_only_begins_like_one_of_the_kernels_is_a_place(path: str) -> None:
    assert places(f"UUID=bbbb-2 {path} xfs defaults 0 2\n".encode(), VOLUMES) == [Place(BOOT, path)]


def test_a_trailing_slash_and_escapes_are_undone() -> None:
    content = b"UUID=bbbb-2 /my\\040data/ xfs defaults 0 2\nUUID=1A2B-3C4D /\xff vfat defaults 0 2\n"
    assert places(content, VOLUMES) == [Place(BOOT, "/my data"), Place(ESP, "/\udcff")]


def test_what_is_not_mounted_at_boot_is_left_out() -> None:
    assert places(b"UUID=bbbb-2 /a xfs ro,noauto 0 2\nUUID=bbbb-2 /b xfs nofail 0 2", VOLUMES) == [Place(BOOT, "/b")]


def test_subvolumes_of_the_roots_volume_have_places() -> None:
    content = b"UUID=aaaa-1 / btrfs subvol=@ 0 0\nUUID=aaaa-1 /home btrfs compress=zstd,subvol=@home,ssd 0 0\n"
    assert places(content, VOLUMES) == [Place(ROOT, "/home", "@home")]


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\0", b"#\n", b"\xff \xff \xff", b"UUID=bbbb-2 /a", b"/dev/sda" + b"9" * 5000 + b" /a xfs x"]
)
def test_noise_has_no_places(content: bytes) -> None:
    assert places(content, VOLUMES) == []
