"""Installed packages, by dpkg's own records."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from goldsmith.guest.engines.tree import open_tree
from goldsmith.guest.packages import Package, installed, read_dpkg_status

STATUS = b"""\
Package: zlib1g
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 1:1.2.13.dfsg-1

Package: adduser
Status: hold ok installed
Architecture: all
Version: 3.134
Conffiles:
 /etc/adduser.conf 1234
Description: add and remove users
 Status: deinstall ok config-files
 .
 Version: 0

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: half
Status: install ok half-configured
Architecture: amd64
Version: 1

Package: purged
Status: purge ok not-installed


package: zlib1g
STATUS: install ok installed
architecture: i386
Version: 1:1.2.13.dfsg-1"""
EXPECTED = (
    Package("adduser", "3.134", "all"),
    Package("zlib1g", "1:1.2.13.dfsg-1", "amd64"),
    Package("zlib1g", "1:1.2.13.dfsg-1", "i386"),
)


def test_packages_that_are_installed_and_no_others() -> None:
    assert read_dpkg_status(STATUS) == EXPECTED


def test_packages_of_a_tree(tmp_path: Path) -> None:
    status = tmp_path / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    status.write_bytes(STATUS)
    with open_tree(tmp_path) as guest:
        assert installed(guest) == EXPECTED


def test_a_tree_without_records_has_no_packages_that_we_know(tmp_path: Path) -> None:
    with open_tree(tmp_path) as guest:
        assert installed(guest) == ()


def test_an_empty_status_has_no_packages() -> None:
    assert read_dpkg_status(b"\n \n\n") == ()


@given(st.lists(st.sampled_from([b"Package: a\n", b"Status: install ok installed\n", b"\n", b" x", b":\n", b"\xff"])))
def test_no_bytes_raise(pieces: list[bytes]) -> None:
    assert all(package.arch == "" for package in read_dpkg_status(b"".join(pieces)))
