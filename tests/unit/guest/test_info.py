"""What a guest is, by the files of the distributions themselves."""

from __future__ import annotations

import struct

import pytest

from goldsmith.errors import InputError
from goldsmith.guest.index import Index
from goldsmith.guest.info import GuestInfo, PackageManager, read_info

from .conftest import listing

DEBIAN = b"""\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
"""
ROCKY = b"""\
NAME="Rocky Linux"
VERSION="9.3 (Blue Onyx)"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.3"
PRETTY_NAME="Rocky Linux 9.3 (Blue Onyx)"
"""
SUSE = b"""\
NAME="openSUSE Leap"
VERSION="15.6"
ID="opensuse-leap"
ID_LIKE="suse opensuse"
VERSION_ID="15.6"
PRETTY_NAME="openSUSE Leap 15.6"
"""
UBUNTU = b"""\
PRETTY_NAME="Ubuntu 24.04.1 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
ID=ubuntu
ID_LIKE=debian
"""
SYSTEMD = ("/usr/lib/systemd/systemd", "/usr/sbin/init -> ../lib/systemd/systemd", "/sbin -> usr/sbin")


def elf(machine: int, *, big_endian: bool = False) -> bytes:
    """The first 20 bytes of a program: e_ident, e_type, e_machine."""
    ident = b"\x7fELF\x02" + (b"\x02" if big_endian else b"\x01") + b"\x01" + bytes(9)
    return ident + struct.pack(">HH" if big_endian else "<HH", 3, machine)


def info(files: dict[str, bytes], *more: str) -> GuestInfo:
    index: Index = listing(*files, *more)

    def read(path: str, limit: int) -> bytes:
        assert index[path].is_regular
        assert len(files[path]) <= limit
        return files[path]

    return read_info(index, read)


def test_debian() -> None:
    files = {
        "/usr/lib/os-release": DEBIAN,
        "/usr/bin/true": elf(0x3E),
        "/usr/bin/apt-get": b"",
        "/usr/lib/python3/dist-packages/cloudinit/version.py": b'__VERSION__ = "22.4.2"\n_PACKAGED_VERSION = "x"\n',
    }
    expected = GuestInfo(
        distro="debian",
        version="12",
        pretty_name="Debian GNU/Linux 12 (bookworm)",
        like=(),
        arch="x86_64",
        package_manager=PackageManager.APT,
        init="systemd",
        cloud_init_version="22.4.2",
        selinux=None,
    )
    found = info(files, "/etc/os-release -> ../usr/lib/os-release", *SYSTEMD)
    assert (found, found.family) == (expected, "debian")


def test_rocky() -> None:
    files = {
        "/etc/os-release": ROCKY,
        "/usr/bin/true": elf(0xB7),
        "/usr/bin/dnf-3": b"",
        "/etc/selinux/config": b"# SELINUX= can take one of:\nSELINUX=enforcing\nSELINUXTYPE=targeted\n",
        "/usr/lib/python3.9/site-packages/cloudinit/version.py": b"__VERSION__ = '23.4-7.el9'\n",
    }
    expected = GuestInfo(
        distro="rocky",
        version="9.3",
        pretty_name="Rocky Linux 9.3 (Blue Onyx)",
        like=("rhel", "centos", "fedora"),
        arch="aarch64",
        package_manager=PackageManager.DNF,
        init="systemd",
        cloud_init_version="23.4-7.el9",
        selinux="enforcing",
    )
    found = info(files, "/usr/bin/dnf -> dnf-3", *SYSTEMD)
    assert (found, found.family) == (expected, "rhel")


def test_suse() -> None:
    found = info({"/etc/os-release": SUSE, "/usr/bin/zypper": b""})
    assert (found.distro, found.version, found.family) == ("opensuse-leap", "15.6", "suse")
    assert (found.package_manager, found.cloud_init_version) == (PackageManager.ZYPPER, None)


def test_ubuntu_is_of_debians_family() -> None:
    found = info({"/etc/os-release": UBUNTU, "/usr/bin/apt-get": b""})
    assert (found.distro, found.version, found.family) == ("ubuntu", "24.04", "debian")


@pytest.mark.parametrize(
    ("release", "family"),
    [
        (b"ID=fedora\n", "rhel"),
        (b"ID=centos\nID_LIKE='rhel fedora'\n", "rhel"),
        (b"ID=sles\nID_LIKE=suse\n", "suse"),
        (b"ID=arch\n", "arch"),
        (b"", "linux"),
    ],
)
def test_family(release: bytes, family: str) -> None:
    assert info({"/etc/os-release": release}).family == family


def test_a_tree_of_which_nothing_else_is_known() -> None:
    expected = GuestInfo("linux", "", "Linux", (), "", PackageManager.NONE, "", None, None)
    assert info({"/etc/os-release": b""}) == expected


@pytest.mark.parametrize("lines", [(), ("/etc/os-release -> os-release",), ("/etc/os-release/",)])
def test_no_os_release_is_no_operating_system(lines: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="no operating system found: neither /etc/os-release nor") as raised:
        info({}, *lines)
    assert raised.value.hint is not None


def test_a_dangling_os_release_lets_the_vendors_own_count() -> None:
    assert info({"/usr/lib/os-release": UBUNTU}, "/etc/os-release -> /nothing").distro == "ubuntu"


def test_hostile_os_release_is_only_text() -> None:
    found = info({"/etc/os-release": b"\xff\xfe\0\n#ID=no\nID=\"unended\nPRETTY_NAME='a \\$(reboot)'\n=x\nID_LIKE\n"})
    assert (found.distro, found.pretty_name, found.like) == ('"unended', "a \\$(reboot)", ())


@pytest.mark.parametrize(
    ("program", "arch"),
    [
        (elf(0x03), "i686"),
        (elf(0x28), "armv7l"),
        (elf(0xF3), "riscv64"),
        (elf(0x15), "ppc64le"),
        (elf(0x15, big_endian=True), "ppc64"),
        (elf(0x16, big_endian=True), "s390x"),
        (elf(0x1234), ""),
        (elf(0x3E)[:19], ""),
        (b"#!/bin/sh\n" * 9, ""),
        (b"", ""),
    ],
)
def test_architecture_is_that_of_the_programs(program: bytes, arch: str) -> None:
    assert info({"/etc/os-release": DEBIAN, "/usr/bin/true": program}).arch == arch


def test_init_is_what_sbin_init_leads_to() -> None:
    lines = ("/usr/bin/busybox", "/sbin/init -> /usr/bin/busybox", "/usr/lib/systemd/systemd")
    assert info({"/etc/os-release": b""}, *lines).init == "busybox"


@pytest.mark.parametrize(
    ("config", "mode"),
    [
        (b"SELINUX=permissive\n", "permissive"),
        (b"SELINUX=Enforcing\n", "enforcing"),
        (b"SELINUX=disabled\n", None),
        (b"", None),
    ],
)
def test_selinux_mode(config: bytes, mode: str | None) -> None:
    assert info({"/etc/os-release": b"", "/etc/selinux/config": config}).selinux == mode


@pytest.mark.parametrize("module", [b"", b"import os\n", b"#__VERSION__ = '1'\n", b"__VERSION__ = os.environ['X']\n"])
def test_a_cloud_init_that_does_not_tell_its_version(module: bytes) -> None:
    path = "/usr/lib/python3/dist-packages/cloudinit/version.py"
    assert info({"/etc/os-release": b"", path: module}).cloud_init_version is None
