"""What is no plain file under a name that counts: what goldsmith gathers and computes of such trees, compared with what
cloud-init 22.4 and 25.1 make of the same trees.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.oracle.asking import CONFIG, replaced, shape
from tests.oracle.oracle import Oracle, OracleError

from goldsmith.cloudinit.document import Effect
from goldsmith.cloudinit.effective import effective
from goldsmith.cloudinit.files import gather
from goldsmith.guest.engines.tree import open_tree

pytestmark = pytest.mark.process
CLOUD_CFG = "users: [default]\nssh_pwauth: true\ncloud_init_modules: [ssh]\n"


def link(name: str, target: str) -> Callable[[Path], object]:
    """A link in etc/cloud, in the place of what is there."""

    def make(cloud: Path) -> None:
        path = cloud / name
        if path.is_dir():
            path.rmdir()
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    return make


def folder_in_place_of_cloud_cfg(cloud: Path) -> None:
    (cloud / "cloud.cfg").unlink()
    (cloud / "cloud.cfg").mkdir()


def file_in_place_of_the_folder(cloud: Path) -> None:
    (cloud / "cloud.cfg.d").rmdir()
    (cloud / "cloud.cfg.d").write_text("ssh_pwauth: false\n")


def closed(cloud: Path) -> None:
    """Cloud-init is root, to whom nothing is closed."""
    path = cloud / "cloud.cfg.d/50-x.cfg"
    path.write_text("ssh_pwauth: false\n")
    path.chmod(0)


TREES: dict[str, Callable[[Path], object]] = {
    "a folder as drop-in": lambda cloud: (cloud / "cloud.cfg.d/50-x.cfg").mkdir(),
    "a fifo as drop-in": lambda cloud: os.mkfifo(cloud / "cloud.cfg.d/50-x.cfg"),
    "a link to nothing": link("cloud.cfg.d/50-x.cfg", "nowhere"),
    "a link to itself": link("cloud.cfg.d/50-x.cfg", "50-x.cfg"),
    "a link to a folder": link("cloud.cfg.d/50-x.cfg", "../other"),
    "a link to a drop-in elsewhere": link("cloud.cfg.d/50-x.cfg", "../other/50-x.cfg"),
    "a link to a device": link("cloud.cfg.d/50-x.cfg", "/dev/null"),
    "no cloud.cfg": lambda cloud: (cloud / "cloud.cfg").unlink(),
    "a folder in the place of cloud.cfg": folder_in_place_of_cloud_cfg,
    "cloud.cfg as a link to nothing": link("cloud.cfg", "nowhere"),
    "cloud.cfg as a link to itself": link("cloud.cfg", "cloud.cfg"),
    "cloud.cfg as a link to a drop-in": link("cloud.cfg", "other/50-x.cfg"),
    "a file in the place of cloud.cfg.d": file_in_place_of_the_folder,
    "cloud.cfg.d as a link to nothing": link("cloud.cfg.d", "nowhere"),
    "cloud.cfg.d as a link to itself": link("cloud.cfg.d", "cloud.cfg.d"),
    "cloud.cfg.d as a link to a folder": link("cloud.cfg.d", "other"),
    "no cloud.cfg.d": lambda cloud: (cloud / "cloud.cfg.d").rmdir(),
}


def compare(oracle: Oracle, make: Callable[[Path], object]) -> None:
    root = Path(oracle.folder("special"))
    shutil.rmtree(root, ignore_errors=True)
    cloud = root / "etc/cloud"
    (cloud / "cloud.cfg.d").mkdir(parents=True)
    (cloud / "other").mkdir()
    (cloud / "cloud.cfg").write_text(CLOUD_CFG)
    (cloud / "other/50-x.cfg").write_text("ssh_pwauth: false\n")
    make(cloud)
    with open_tree(root, read_only=True) as guest:
        found = gather(guest)
    own = effective(found.files, version=oracle.root.version)
    dies = own.fatal is not None or any(problem.effect is Effect.FATAL for problem in found.problems)
    died: OracleError | None = None
    try:
        config, base, _ = oracle.ask(CONFIG, root=str(root), cmdline="")
    except OracleError as error:
        died = error
    assert dies == (died is not None), (died, found.problems)
    if died is None:
        assert shape(own.config) == shape(replaced(config, str(root)))
        assert shape(own.builtin) == shape(replaced(base, str(root)))


@pytest.mark.parametrize("kind", TREES)
def test_what_is_no_plain_file(cloud_init: Oracle, kind: str) -> None:
    compare(cloud_init, TREES[kind])


@pytest.mark.root
def test_what_is_closed_to_others(cloud_init: Oracle) -> None:
    compare(cloud_init, closed)
