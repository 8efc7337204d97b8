"""Which files of a guest decide what its cloud-init does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from goldsmith.cloudinit.document import Effect
from goldsmith.cloudinit.files import LIMIT, LIMIT_OF_ALL, Gathered, gather, read_configuration
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


def test_a_chain_of_links_is_followed(root: Path) -> None:
    for folder in ("opt/a", "opt/b", "srv"):
        (root / folder).mkdir(parents=True)
    (root / "srv/x.cfg").write_bytes(b"k: 1\n")
    (root / "opt/b/x.cfg").symlink_to("/srv/x.cfg")
    (root / "opt/a/x.cfg").symlink_to("../b/x.cfg")
    (root / "etc/cloud/cloud.cfg.d/x.cfg").symlink_to("/opt/a/x.cfg")
    assert read(root)["/etc/cloud/cloud.cfg.d/x.cfg"] == b"k: 1\n"


@pytest.mark.parametrize("conf_d", ["/srv/conf", "/srv/conf/", "srv/conf", "/srv/link"])
def test_another_folder_of_drop_ins_is_followed(root: Path, conf_d: str) -> None:
    (root / "etc/cloud/cloud.cfg").write_text(f"conf_d: {conf_d}\n")
    (root / "etc/cloud/cloud.cfg.d/x.cfg").write_bytes(b"k: 1\n")
    (root / "srv/conf").mkdir(parents=True)
    (root / "srv/link").symlink_to("conf")
    (root / "srv/conf/y.cfg").write_bytes(b"k: 2\n")
    drop_ins = [path for path in read(root) if path != "/etc/cloud/cloud.cfg"]
    assert drop_ins == ["/srv/link/y.cfg" if conf_d == "/srv/link" else "/srv/conf/y.cfg"]


@pytest.mark.parametrize(
    "conf_d", [r"/\ud800", r"/a\0b", "/" + "a" * 256, "/" + "a/" * 2100, "/etc/cloud/cloud.cfg", "/"]
)
def test_a_folder_of_drop_ins_that_cannot_be(root: Path, conf_d: str) -> None:
    (root / "etc/cloud/cloud.cfg").write_text(f'conf_d: "{conf_d}"\n')
    assert list(gathered(root).files) == ["/etc/cloud/cloud.cfg"]


def gathered(root: Path) -> Gathered:
    with open_tree(root, read_only=True) as guest:
        return gather(guest)


def test_what_is_no_file_is_told_and_skipped(root: Path) -> None:
    folder = root / "etc/cloud/cloud.cfg.d"
    (folder / "folder.cfg").mkdir()
    (folder / "dangling.cfg").symlink_to("/nowhere")
    (folder / "loop.cfg").symlink_to("loop.cfg")
    (folder / "zero.cfg").symlink_to("/dev/zero")
    os.mkfifo(folder / "fifo.cfg")
    (folder / "good.cfg").write_bytes(b"k: 1\n")
    found = gathered(root)
    assert [path.rpartition("/")[2] for path in found.files] == ["cloud.cfg", "good.cfg"]
    assert {problem.path.rpartition("/")[2]: problem.effect for problem in found.problems} == dict.fromkeys(
        ("dangling.cfg", "fifo.cfg", "folder.cfg", "loop.cfg", "zero.cfg"), Effect.SUSPECT
    )


def test_a_fifo_in_the_place_of_cloud_cfg_is_never_opened(root: Path) -> None:
    (root / "etc/cloud/cloud.cfg").unlink()
    os.mkfifo(root / "etc/cloud/cloud.cfg")
    (problem,) = gathered(root).problems
    assert problem.effect is Effect.FATAL


def test_giant_files_are_told_and_not_read(root: Path) -> None:
    folder = root / "etc/cloud/cloud.cfg.d"
    with (folder / "giant.cfg").open("wb") as file:
        file.truncate(50 << 20)
    for number in range(4):
        (folder / f"large{number}.cfg").write_bytes(b"#" * (LIMIT // 2 - 100))
    found = gathered(root)
    assert found.size <= LIMIT_OF_ALL
    assert [problem.path.rpartition("/")[2] for problem in found.problems] == ["giant.cfg", "large2.cfg", "large3.cfg"]
