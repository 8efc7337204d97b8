"""As a plain user with guestfs and as root with mount: the same plan and the same resulting tree."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from goldsmith.base.base import Base

pytestmark = [
    pytest.mark.root,
    pytest.mark.base,
    pytest.mark.guestfs,
    pytest.mark.timeout(600),
]

ROOT = Path(__file__).parents[3]
JOB = "tests/integration/pipeline/engine_job.py"


@pytest.fixture(scope="module")
def results(debian12: Base) -> Iterator[dict[str, Any]]:
    """What each engine's job said. The base and the results lie where a plain user can reach them."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as made:
        folder = Path(made)
        folder.chmod(0o777)
        base = folder / "base.qcow2"
        shutil.copyfile(debian12.disk.path, base)
        base.chmod(0o444)
        as_user = [ROOT / "scripts/as-throwaway-user", "python", JOB, "guestfs", base, folder / "guestfs.json"]
        as_root = [sys.executable, JOB, "mount", base, folder / "mount.json"]
        with ThreadPoolExecutor() as pool:
            for done in pool.map(_run, (as_root, as_user)):
                assert done.returncode == 0, done.stderr
        yield {engine: json.loads((folder / f"{engine}.json").read_text()) for engine in ("mount", "guestfs")}


def _run(argv: list[object]) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in argv]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False)


def test_the_plans_are_the_same(results: dict[str, Any]) -> None:
    assert results["guestfs"]["plan"] == results["mount"]["plan"]
    assert results["guestfs"]["kept"] == results["mount"]["kept"]


def test_the_trees_are_the_same(results: dict[str, Any]) -> None:
    trees = {
        engine: {json.loads(path): json.loads(told) for path, told in said["tree"]} for engine, said in results.items()
    }
    # The EFI system partition: `mount` sees into it only where the host has vfat; the appliance always has it.
    for tree in trees.values():
        for path in [path for path in tree if path.startswith("/boot/efi")]:
            del tree[path]
    differing = {
        path: (trees["mount"].get(path), trees["guestfs"].get(path))
        for path in trees["mount"].keys() | trees["guestfs"].keys()
        if trees["mount"].get(path) != trees["guestfs"].get(path)
    }
    assert differing == {}


def test_the_policy_is_in_it(results: dict[str, Any]) -> None:
    tree = {json.loads(path): json.loads(told) for path, told in results["mount"]["tree"]}
    assert (tree["/srv/data"]["mode"], tree["/srv/data/hello"]["mode"]) == ("2750", "0640")
    assert tree["/srv/made"]["owner"] == [33, 33]
    assert tree["/etc/machine-id"]["size"] == 0
    assert "/etc/debian_version" not in tree
