"""A dirty tree after the `cloud-init clean --configs all` of a newer cloud-init than the guest's, beside goldsmith."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.integration.generalization.difference import Tree, left, read_directory, survives
from tests.integration.generalization.dirty import Family, Residue, appended, archive, residues
from tests.oracle.packages import cloud_init_root

from goldsmith import api

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

# In namespaces of its own: cloud-init sees its own programs and the dirty tree, and no network.
CLEAN = """
set -eu
mount --bind "$1/usr" "$2/usr"
mknod "$2/dev/null" c 1 3
exec chroot "$2" /usr/bin/python3 -W ignore -m cloudinit.cmd.main clean --logs --seed --machine-id --configs all
"""


def make_dirty(top: Path, root: Path, planted: tuple[Residue, ...]) -> None:
    """What cloud-init runs on, without its programs, made dirty."""
    for name in ("etc", "var"):
        shutil.copytree(root / name, top / name, symlinks=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (top / name).symlink_to(f"usr/{name}")
    for name in ("dev", "home", "root", "run", "srv", "tmp", "usr"):
        (top / name).mkdir()
    # The packages are unpacked, not configured; requests does not load without a bundle of certificates.
    (top / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
    authority = min((root / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    shutil.copy(authority, top / "etc/ssl/certs/ca-certificates.crt")
    (top / "etc/os-release").unlink(missing_ok=True)
    (top / "etc/os-release").write_text("ID=debian\nVERSION_ID=13\n")
    for name in ("hosts", "fstab", "passwd", "shadow", "group"):
        (top / "etc" / name).touch()
    subprocess.run(
        ["tar", "--extract", "--xattrs", "--no-same-owner", f"--directory={top}", "--file=-"],
        input=archive(planted),
        check=True,
    )
    for path, text in appended(planted).items():
        with (top / path.lstrip("/")).open("a") as file:
            file.write(text)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Residue, ...], Tree, Tree, Tree]:
    """What was planted; the tree before, after cloud-init, after goldsmith."""
    root = cloud_init_root("25.1").path
    planted = residues(Family.DEBIAN)
    folder = tmp_path_factory.mktemp("configs")
    theirs, ours = folder / "theirs", folder / "ours"
    for top in (theirs, ours):
        make_dirty(top, root, planted)
    before = read_directory(ours)
    argv = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", CLEAN, "sh", root, theirs]
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    api.generalize(ours, in_place=True)
    return planted, before, read_directory(theirs), read_directory(ours)


def test_it_takes_what_the_table_says(trees: tuple[tuple[Residue, ...], Tree, Tree, Tree]) -> None:
    planted, before, theirs, _ours = trees
    assert [each.path for each in planted if not survives(each, before)] == []
    taken = {each.path for each in planted if not survives(each, theirs)}
    assert taken == {each.path for each in planted if each.cloud_init in "cC"}


def test_nothing_is_in_goldsmiths_that_it_removed(trees: tuple[tuple[Residue, ...], Tree, Tree, Tree]) -> None:
    _planted, before, theirs, ours = trees
    assert set(left(before, theirs, ours)) == set()
    assert set(left(before, theirs, before)) != set()
