from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith.machine.osinfo import os_id, short_ids

ENTRY = """<?xml version="1.0"?>
<libosinfo version="0.0.1">
  <os id="{id}">
    {names}
    <name>A system</name>
    <derives-from id="http://example.org/older"/>
  </os>
</libosinfo>
"""
SYSTEMS = {
    "debian.org/debian-12": ("http://debian.org/debian/12", ["debian12", "debianbookworm"]),
    "debian.org/debian-testing": ("http://debian.org/debian/testing", ["debiantesting"]),
    "rockylinux.org/rocky-9": ("http://rockylinux.org/rocky/9", ["rocky9"]),
    "redhat.com/rhel-9-unknown": ("http://redhat.com/rhel/9-unknown", ["rhel9-unknown"]),
    "redhat.com/rhel-9.1": ("http://redhat.com/rhel/9.1", ["rhel9.1"]),
    "centos.org/centos-stream-9": ("http://centos.org/centos-stream/9", ["centos-stream9"]),
    "alpinelinux.org/alpinelinux-3.16": ("http://alpinelinux.org/alpinelinux/3.16", ["alpinelinux3.16"]),
    "opensuse.org/opensuse-15.4": ("http://opensuse.org/opensuse/15.4", ["opensuse15.4"]),
    "opensuse.org/opensuse-tumbleweed": ("http://opensuse.org/opensuse/tumbleweed", ["opensusetumbleweed"]),
}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    for name, (identifier, shorts) in SYSTEMS.items():
        path = tmp_path / "os" / f"{name}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        names = "".join(f"<short-id>{short}</short-id>" for short in shorts)
        path.write_text(ENTRY.format(id=identifier, names=names))
    (tmp_path / "os/debian.org/broken.xml").write_text("<libosinfo><short-id>debian12</short-id>")
    return tmp_path


@pytest.mark.parametrize(
    ("distro", "version", "identifier"),
    [
        ("debian", "12", "http://debian.org/debian/12"),
        ("debian", "", "http://debian.org/debian/testing"),
        ("debian", "13", None),
        ("rocky", "9.4", "http://rockylinux.org/rocky/9"),
        ("rhel", "9.1", "http://redhat.com/rhel/9.1"),
        ("rhel", "9.7", "http://redhat.com/rhel/9-unknown"),
        ("centos", "9", "http://centos.org/centos-stream/9"),
        ("alpine", "3.16.2", "http://alpinelinux.org/alpinelinux/3.16"),
        ("opensuse-leap", "15.4", "http://opensuse.org/opensuse/15.4"),
        ("opensuse-tumbleweed", "20240101", "http://opensuse.org/opensuse/tumbleweed"),
        ("", "", None),
        ("small", "", None),
        ("</short-id>", "12", None),
        ("debian", "1." * (1 << 20), None),
    ],
)
def test_what_os_release_says_is_found(database: Path, distro: str, version: str, identifier: str | None) -> None:
    assert os_id(distro, version, database) == identifier


def test_a_host_without_the_database_names_nothing(tmp_path: Path) -> None:
    assert os_id("debian", "12", tmp_path) is None


def test_the_most_exact_name_comes_first() -> None:
    assert list(short_ids("ubuntu", "22.04")) == ["ubuntu22.04", "ubuntu22", "ubuntu22-unknown"]
    assert list(short_ids("centos", "9")) == ["centos-stream9", "centos9", "centos9-unknown"]
