"""What a bootstrapped base is made of, read from its bytes without mounting it."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from goldsmith.base.base import Base
from goldsmith.base.bootstrap.tree import build_proxies
from goldsmith.base.distro import known
from goldsmith.base.trust import Trust, TrustLevel
from goldsmith.disk.disk import DiskFormat
from goldsmith.disk.filesystem import FileSystemKind, recognize
from goldsmith.disk.partitions import Partition, read_partitions
from goldsmith.disk.qemu_img import check, convert
from goldsmith.run import run

pytestmark = pytest.mark.base


@dataclass(frozen=True)
class RawBase:
    """A raw disk and its partitions by number."""

    path: Path
    partitions: dict[int, Partition]

    @property
    def root(self) -> str:
        """The root file system as e2fsprogs name it."""
        return f"{self.path}?offset={self.partitions[1].offset}"

    def debugfs(self, request: str) -> str:
        return run(["debugfs", "-R", request, self.root], timeout=60).stdout.decode("utf-8", "replace")

    def read(self, path: str) -> str:
        return self.debugfs(f"cat {path}")

    def names(self, folder: str) -> set[str]:
        """The names in a folder, without `.` and `..`."""
        lines = self.debugfs(f"ls -p {folder}").splitlines()
        return {line.split("/")[5] for line in lines if line.startswith("/")} - {".", "..", ""}

    def owner_and_mode(self, path: str) -> tuple[int, int, int]:
        for line in self.debugfs(f"ls -p {path.rpartition('/')[0] or '/'}").splitlines():
            fields = line.split("/")
            if len(fields) > 5 and fields[5] == path.rpartition("/")[2]:
                return int(fields[3]), int(fields[4]), int(fields[2], 8)
        raise AssertionError(f"{path} is not there")


@pytest.fixture(scope="session")
def raw12(debian12: Base, tmp_path_factory: pytest.TempPathFactory) -> RawBase:
    return as_raw(debian12, tmp_path_factory.mktemp("raw") / "debian12.raw")


@pytest.fixture(scope="session")
def raw13(debian13: Base, tmp_path_factory: pytest.TempPathFactory) -> RawBase:
    return as_raw(debian13, tmp_path_factory.mktemp("raw") / "debian13.raw")


@pytest.fixture(params=["raw12", "raw13"])
def raw(request: pytest.FixtureRequest) -> RawBase:
    """Each of both: what has to be there for a boot."""
    base: RawBase = request.getfixturevalue(request.param)
    return base


def as_raw(base: Base, path: Path) -> RawBase:
    convert(base.disk, path, DiskFormat.RAW)
    return RawBase(path, {partition.number: partition for partition in read_partitions(path)})


def test_it_is_a_whole_read_only_image_that_says_where_it_comes_from(debian12: Base) -> None:
    check(debian12.disk)
    assert debian12.disk.path.stat().st_mode & 0o777 == 0o444
    assert debian12.disk.virtual_size == known()["debian/12"].virtual_size
    assert debian12.trust == Trust(TrustLevel.BOOTSTRAPPED, "debian-archive-keyring.gpg")
    assert debian12.origin == "bootstrap:debian/12"


def test_partitions_are_those_of_the_official_image(raw: RawBase) -> None:
    assert {number: recognized(raw, number) for number in raw.partitions} == {
        1: FileSystemKind.EXT4,
        14: None,
        15: FileSystemKind.VFAT,
    }
    assert {number: partition.type.lower() for number, partition in raw.partitions.items()} == {
        1: "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
        14: "21686148-6449-6e6f-744e-656564454649",
        15: "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
    }


def recognized(raw: RawBase, number: int) -> FileSystemKind | None:
    found = recognize(raw.path, raw.partitions[number].offset)
    return found.kind if found else None


def test_the_root_file_system_is_clean(raw: RawBase) -> None:
    assert run(["e2fsck", "-fn", raw.root], timeout=120).returncode == 0


def test_fstab_boot_loader_and_file_systems_name_each_other(raw: RawBase) -> None:
    root, esp = (recognize(raw.path, raw.partitions[number].offset) for number in (1, 15))
    assert root is not None
    assert esp is not None
    fstab = raw.read("/etc/fstab")
    assert re.findall(r"^UUID=(\S+) (\S+)", fstab, re.MULTILINE) == [(root.uuid, "/"), (esp.uuid, "/boot/efi")]
    assert root.uuid in raw.read("/boot/grub/grub.cfg")
    assert root.uuid in raw.read("/boot/grub/i386-pc/load.cfg")


def test_both_firmwares_find_a_loader(raw: RawBase) -> None:
    image = f"{raw.path}@@{raw.partitions[15].offset}"
    listed = run(["mdir", "-i", image, "-/", "-b", "::"], timeout=60).stdout.decode().split()
    assert {name.removeprefix("::/").upper() for name in listed if not name.endswith("/")} == {
        "EFI/BOOT/BOOTX64.EFI",
        "EFI/BOOT/GRUBX64.EFI",
        "EFI/BOOT/MMX64.EFI",
        "EFI/DEBIAN/GRUB.CFG",
        "EFI/DEBIAN/GRUBX64.EFI",
        "EFI/DEBIAN/MMX64.EFI",
        "EFI/DEBIAN/SHIMX64.EFI",
    }
    with raw.path.open("rb") as file:
        assert file.read(2) == b"\xeb\x63"
        file.seek(510)
        assert file.read(2) == b"\x55\xaa"
        file.seek(raw.partitions[14].offset)
        assert any(file.read(512))


def test_kernel_and_initramfs_are_behind_the_links_that_boot(raw: RawBase) -> None:
    assert {"vmlinuz", "initrd.img"} <= raw.names("/")
    kernels = {name for name in raw.names("/boot") if name.startswith("vmlinuz-")}
    assert len(kernels) == 1
    version = kernels.pop().removeprefix("vmlinuz-")
    assert version.endswith("-cloud-amd64")
    assert f"initrd.img-{version}" in raw.names("/boot")


def test_nothing_identifies_the_machine_that_made_it(raw12: RawBase) -> None:
    assert raw12.read("/etc/machine-id") == ""
    assert raw12.read("/etc/hostname") == "localhost\n"
    assert not [name for name in raw12.names("/etc/ssh") if name.startswith("ssh_host_")]
    assert raw12.names("/var/lib/dbus") == set()
    assert not raw12.names("/var/lib/systemd") & {"random-seed", "credential.secret"}
    assert not [name for name in raw12.names("/etc") if name.startswith(".resolv.conf")]
    assert socket.gethostname() not in raw12.read("/etc/hosts").split()
    assert raw12.names("/tmp") == set()
    assert raw12.names("/root") <= {".bashrc", ".profile", ".ssh"}


def test_nothing_of_the_hosts_apt_is_inside(raw12: RawBase) -> None:
    assert raw12.names("/etc/apt/apt.conf.d") == {"01autoremove", "70debconf"}
    assert raw12.names("/etc/apt/preferences.d") == set()
    assert raw12.names("/etc/apt/auth.conf.d") == set()
    assert raw12.names("/etc/dpkg/dpkg.cfg.d") <= {"excludes"}
    assert raw12.names("/etc/apt/sources.list.d") <= {"debian.sources"}
    assert "@" not in raw12.read("/etc/apt/sources.list.d/debian.sources")
    assert raw12.names("/var/lib/apt/lists") <= {"auxfiles", "lock", "partial"}
    assert raw12.read("/etc/environment").strip() == ""


def test_no_proxy_of_the_build_is_inside(raw12: RawBase) -> None:
    for proxy in build_proxies().values():
        for path in ("/etc/environment", "/etc/apt/apt.conf", "/etc/profile", "/etc/wgetrc"):
            assert proxy not in raw12.read(path)


def test_only_debians_signed_sources_are_inside(raw12: RawBase) -> None:
    sources = raw12.read("/etc/apt/sources.list.d/debian.sources")
    if not sources:
        pytest.skip("this host has no mirror of Debian: mmdebstrap's default sources are inside")
    stanzas = sources.strip().split("\n\n")
    assert all("Signed-By: /usr/share/keyrings/debian-archive-keyring" in stanza for stanza in stanzas)
    assert "Suites: bookworm" in sources


def test_the_first_boot_has_what_it_needs(raw12: RawBase) -> None:
    status = raw12.read("/var/lib/dpkg/status")
    installed = set(re.findall(r"^Package: (\S+)\nStatus: install ok installed$", status, re.MULTILINE))
    assert set(known()["debian/12"].packages) <= installed
    assert "Status: install ok unpacked" not in status
    assert "Status: install ok half-" not in status
    # C.UTF-8 is what cloud-init then takes for the default: its locale module finds nothing to do.
    assert raw12.read("/etc/default/locale") == "LANG=C.UTF-8\n"
    assert {"systemd-networkd.service", "ssh.service"} <= raw12.names("/etc/systemd/system/multi-user.target.wants")


def test_cloud_init_is_as_the_distribution_ships_it(raw12: RawBase) -> None:
    # No list of datasources: cloud-init's own long one holds, and without a seed it stays disabled.
    files = {"/etc/cloud/cloud.cfg", *(f"/etc/cloud/cloud.cfg.d/{n}" for n in raw12.names("/etc/cloud/cloud.cfg.d"))}
    assert not [name for name in files if re.search(r"^datasource_list:", raw12.read(name), re.MULTILINE)]
    assert "name: debian" in raw12.read("/etc/cloud/cloud.cfg")


def test_device_nodes_are_there_for_a_plain_chroot(raw12: RawBase) -> None:
    assert raw12.names("/dev") == {
        "console", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom",
        "zero",
    }  # fmt: skip
    assert raw12.owner_and_mode("/dev/null") == (0, 0, 0o020666)


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("/etc/shadow", 0o100640),
        ("/usr/bin/sudo", 0o104755),
        ("/tmp", 0o041777),
        ("/root", 0o040700),
        ("/etc/netplan/90-default.yaml", 0o100600),
        ("/etc/fstab", 0o100644),
        ("/etc/machine-id", 0o100644),
    ],
)
def test_owners_and_modes(path: str, mode: int, raw12: RawBase) -> None:
    user, group, seen = raw12.owner_and_mode(path)
    assert (user, seen) == (0, mode)
    assert group == (42 if path == "/etc/shadow" else 0)
