"""A bootstrap by root and one by a plain user give the same guest."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from goldsmith.base.base import Base
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.partitions import read_partitions
from goldsmith.disk.qemu_img import convert
from goldsmith.run import run

REPOSITORY = Path(__file__).parents[3]
MAKE = """
import shutil, sys
from pathlib import Path
from goldsmith.base.sources.bootstrap import BootstrapSource
from goldsmith.events import ignore
base = BootstrapSource(bootstrap="debian/12").resolve(
    folder=Path(), arch="x86_64", offline=False, refresh=False, emit=ignore)
shutil.copyfile(base.disk.path, sys.argv[1])
"""
LIST = """
import json, os, stat, sys
found = {}
def look(path):
    status = os.lstat(path)
    extra = sorted((name, os.getxattr(path, name, follow_symlinks=False).hex())
                   for name in os.listxattr(path, follow_symlinks=False))
    target = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
    found[path] = [oct(status.st_mode), status.st_uid, status.st_gid, status.st_rdev, status.st_nlink, target, extra]
for folder, folders, files in os.walk(".", onerror=lambda error: sys.exit(str(error))):
    look(folder)
    for name in files + [name for name in folders if os.path.islink(os.path.join(folder, name))]:
        look(os.path.join(folder, name))
json.dump(found, sys.stdout)
"""


def listing(image: Path, folder: Path) -> dict[str, list[object]]:
    """Every path of the root file system: type and mode, owners, device, links, target, extended attributes."""
    raw = folder / "disk.raw"
    convert(Disk(image, DiskFormat.QCOW2, 0), raw, DiskFormat.RAW)
    offset = next(partition.offset for partition in read_partitions(raw) if partition.number == 1)
    mountpoint = folder / "mountpoint"
    mountpoint.mkdir()
    script = 'mount -o ro,loop,offset="$1" "$2" "$3" && cd "$3" && exec "$4" -I -S -c "$5"'
    done = run(
        ["unshare", "--mount", "sh", "-c", script, "-", str(offset), str(raw), str(mountpoint), sys.executable, LIST],
        timeout=300,
    )
    raw.unlink()
    found: dict[str, list[object]] = json.loads(done.stdout)
    return found


@pytest.mark.root
@pytest.mark.base
@pytest.mark.full
@pytest.mark.timeout(1800)
def test_root_and_a_plain_user_make_the_same_tree(tmp_path: Path) -> None:
    """Both are new: a base that was made yesterday may have older packages."""
    own = tmp_path / "debian12.qcow2"
    run([sys.executable, "-c", MAKE, str(own)], timeout=1500, env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    theirs = Path("/var/tmp") / f"goldsmith-test-{tmp_path.parent.name}-{tmp_path.name}"
    theirs.mkdir(mode=0o777)
    theirs.chmod(0o777)
    try:
        image = theirs / "debian12.qcow2"
        run(["./scripts/as-throwaway-user", "python", "-c", MAKE, str(image)], timeout=1500, cwd=REPOSITORY)
        (tmp_path / "one").mkdir()
        (tmp_path / "two").mkdir()
        ours, other = listing(own, tmp_path / "one"), listing(image, tmp_path / "two")
    finally:
        run(["rm", "-rf", str(theirs)], timeout=60)
    assert len(ours) > 10_000
    assert {
        path: (ours.get(path), other.get(path))
        for path in ours.keys() | other.keys()
        if ours.get(path) != other.get(path)
    } == {}


@pytest.mark.rootless
@pytest.mark.base
def test_a_plain_users_base_has_the_owners_and_modes_of_packages(debian12: Base, tmp_path: Path) -> None:
    raw = tmp_path / "disk.raw"
    convert(debian12.disk, raw, DiskFormat.RAW)
    root = f"{raw}?offset={next(part.offset for part in read_partitions(raw) if part.number == 1)}"

    def ask(request: str) -> str:
        return run(["debugfs", "-R", request, root], timeout=60).stdout.decode()

    assert run(["e2fsck", "-fn", root], timeout=120).returncode == 0
    for path, mode, group in (
        ("/etc/shadow", "0640", 42),
        ("/usr/bin/chage", "02755", 42),
        ("/usr/bin/sudo", "04755", 0),
        ("/var/mail", "02775", 8),
        ("/root", "0700", 0),
    ):
        words = ask(f"stat {path}").split()
        assert (words[words.index("Mode:") + 1], words[words.index("User:") + 1], words[words.index("Group:") + 1]) == (
            mode,
            "0",
            str(group),
        ), path
    # A file capability that names a user namespace would count for nothing in a clone: version 2, not 3.
    assert ask("ea_get -x /usr/bin/ping security.capability").split("=")[-1].split()[:4] == ["01", "00", "00", "02"]
