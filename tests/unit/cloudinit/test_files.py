"""Which files of a guest decide what its cloud-init does."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith.cloudinit.files import LIMIT, read_configuration
from goldsmith.errors import BuildError
from goldsmith.guest.engines.tree import open_tree


def read(root: Path) -> dict[str, bytes]:
    with open_tree(root, read_only=True) as guest:
        return read_configuration(guest)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc/cloud/cloud.cfg.d").mkdir(parents=True)
    (tmp_path / "etc/cloud/cloud.cfg").write_bytes(b"users: [default]\n")
    return tmp_path


def test_the_configuration_and_what_ds_identify_reads(root: Path) -> None:
    for name in (
        "cloud.cfg.d/50.cfg",
        "cloud.cfg.d/.h.cfg",
        "cloud.cfg.d/README",
        "ds-identify.cfg",
        "cloud-init.disabled",
    ):
        (root / "etc/cloud" / name).write_bytes(name.encode())
    (root / "etc/cloud/cloud.cfg.d/folder.cfg").mkdir()
    seed = root / "var/lib/cloud/seed/nocloud"
    seed.mkdir(parents=True)
    (seed / "user-data").write_bytes(b"")
    assert read(root) == {
        "/etc/cloud/cloud.cfg": b"users: [default]\n",
        "/etc/cloud/cloud.cfg.d/.h.cfg": b"cloud.cfg.d/.h.cfg",
        "/etc/cloud/cloud.cfg.d/50.cfg": b"cloud.cfg.d/50.cfg",
        "/etc/cloud/ds-identify.cfg": b"ds-identify.cfg",
        "/etc/cloud/cloud-init.disabled": b"cloud-init.disabled",
        "/var/lib/cloud/seed/nocloud/user-data": b"",
    }


def test_links_are_followed_inside_the_guest(root: Path) -> None:
    (root / "usr/share/vendor").mkdir(parents=True)
    (root / "usr/share/vendor/x.cfg").write_bytes(b"k: 1\n")
    folder = root / "etc/cloud/cloud.cfg.d"
    (folder / "absolute.cfg").symlink_to("/usr/share/vendor/x.cfg")
    (folder / "relative.cfg").symlink_to("../../../usr/share/vendor/x.cfg")
    (folder / "outside.cfg").symlink_to("../../../../../../../../etc/passwd")
    (folder / "dangling.cfg").symlink_to("/nowhere.cfg")
    (folder / "loop.cfg").symlink_to("loop.cfg")
    found = read(root)
    assert found["/etc/cloud/cloud.cfg.d/absolute.cfg"] == b"k: 1\n"
    assert found["/etc/cloud/cloud.cfg.d/relative.cfg"] == b"k: 1\n"
    assert len(found) == 3


def test_a_guest_without_cloud_init_has_none(tmp_path: Path) -> None:
    assert read(tmp_path) == {}


def test_a_giant_file_is_refused(root: Path) -> None:
    (root / "etc/cloud/cloud.cfg").write_bytes(b"#" * (LIMIT + 1))
    with pytest.raises(BuildError):
        read(root)
