"""Two runs at once on the same pool and the same cache: neither harms the other, and only one image gets a name."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from goldsmith.base.base import Base
from goldsmith.machine import acceleration
from goldsmith.pool.manifest import BaseRecord, Manifest, TrustRecord
from goldsmith.pool.pool import Pool
from goldsmith.run import require

Goldsmith = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[str]"]

pytestmark = [pytest.mark.process, pytest.mark.base, pytest.mark.root, pytest.mark.timeout(600)]

RECIPE = """\
name: {name}
version: "1.0"
base:
  file: {base}
  format: qcow2
  sha256: {sha256}
disk: {{size: 4G}}
seal: {{compression: none}}
datasource: local
customize:
  - write: {{path: /etc/motd, text: "{text}"}}
  - run: {{command: [sleep, "{sleep}"]}}
"""
# Longer than anything that happens beside it; nobody waits for its end.
LONG = 500
PATIENCE = 240.0


@dataclass(frozen=True)
class Site:
    base: Base
    folder: Path
    pool: Path

    def recipe(self, *, name: str = "image", text: str = "hello", sleep: float = 0.1) -> Path:
        path = self.folder / f"{name}-{text}-{sleep}.yaml"
        path.write_text(
            RECIPE.format(name=name, base=self.base.disk.path, sha256=self.base.sha256, text=text, sleep=sleep)
        )
        return path

    def build(self, recipe: Path, run: int = 1) -> tuple[object, ...]:
        return ("build", recipe, "--engine", "mount", "--output", self.pool, "--events", self.events(run))

    def events(self, run: int) -> Path:
        return self.folder / f"{run}.jsonl"

    def seen(self, run: int) -> list[Mapping[str, Any]]:
        file = self.events(run)
        text = file.read_text() if file.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def steps(self, run: int) -> list[str]:
        return [str(event["step"]) for event in self.seen(run) if event["event"] == "StepStarted"]

    def wait_in_guest(self, run: int, process: subprocess.Popen[str]) -> None:
        """Until the first of the customizations is done."""
        deadline = time.monotonic() + PATIENCE
        while not any(str(event.get("text")).startswith("write: ") for event in self.seen(run)):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, self.seen(run)
            time.sleep(0.02)

    def cached(self) -> list[Path]:
        """The bases in the cache."""
        return list((self.folder / "cache/goldsmith/bases").glob("sha256-*"))

    def names(self) -> list[str]:
        """What lies in the pool: scratch folders as one word."""
        return sorted(re.sub(r"^\.goldsmith-.*", "scratch", path.name) for path in self.pool.iterdir())


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runtime folder with a verdict about KVM: proving it takes seconds, and a crowded host does not keep it."""
    folder = tmp_path_factory.mktemp("runtime")
    key = acceleration._key(Path(require(f"qemu-system-{platform.machine()}")), acceleration.probe_kernel())
    emulation = acceleration.Acceleration(kvm=False, why="KVM: not asked; using emulation", speed=0.2)
    acceleration._keep(folder / "goldsmith" / "acceleration.json", key, emulation)
    return folder


@pytest.fixture
def site(debian12: Base, environment: dict[str, str], runtime: Path, tmp_path: Path) -> Site:
    environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_RUNTIME_DIR": str(runtime)}
    return Site(debian12, tmp_path, tmp_path / "pool")


def admitted(site: Site, build_key: str) -> None:
    """The pool has an image of this key."""
    pool = Pool(site.pool)
    content = b"an image"
    manifest = Manifest.model_validate(
        {
            "name": "image", "version": "1.0", "arch": "x86_64", "created": "2026-01-02T03:04:05Z",
            "goldsmith": "0.1.0", "recipe": "r", "build_key": build_key,
            "base": BaseRecord(origin="o", sha256=site.base.sha256, trust=TrustRecord(level="none")),
            "file": "image-v1.0.qcow2", "format": "qcow2", "packing": "qcow2/none", "size": len(content),
            "virtual_size": 1 << 20, "sha256": "0" * 64,
        }
    )  # fmt: skip
    with pool.scratch() as scratch:
        (scratch / "sealed").write_bytes(content)
        assert pool.admit(scratch / "sealed", manifest).new


def test_the_same_build_is_there_already(site: Site, goldsmith: Goldsmith) -> None:
    recipe = site.recipe()
    planned = json.loads(goldsmith("plan", recipe, "--offline", "--json").out)
    admitted(site, planned["steps"][-1]["key"])
    said = goldsmith(*site.build(recipe))
    assert said.code == 0
    assert said.out.startswith(f"already built: {site.pool}/image-v1.0.qcow2  sha256 ")
    assert site.steps(1) == ["base"]
    assert site.names() == ["image-v1.0.json", "image-v1.0.qcow2"]


def test_the_name_and_version_are_taken_by_another_build(site: Site, goldsmith: Goldsmith) -> None:
    admitted(site, "sha256:another")
    said = goldsmith(*site.build(site.recipe()))
    assert said.code == 2
    assert said.error == f"image:1.0 is in {site.pool} already, built from other inputs"
    assert "hint: raise the version in the recipe" in said.err
    assert site.steps(1) == []
    assert site.names() == ["image-v1.0.json", "image-v1.0.qcow2"]


def test_there_is_nothing_to_build_again(site: Site, goldsmith: Goldsmith) -> None:
    said = goldsmith(*site.build(site.recipe()), "--rebuild")
    assert said.code == 2
    assert said.error == f"there is no image image:1.0 in {site.pool}"
    assert site.steps(1) == []


def test_two_runs_share_pool_and_cache_and_neither_ends_the_other(
    site: Site, started: Start, goldsmith: Goldsmith
) -> None:
    recipe = site.recipe(sleep=LONG)
    first, second = started(*site.build(recipe, 1)), started(*site.build(recipe, 2))
    site.wait_in_guest(1, first)
    site.wait_in_guest(2, second)
    summaries = [
        event["summary"].split(",")[0]
        for run in (1, 2)
        for event in site.seen(run)
        if event["event"] == "StepFinished" and event["step"] == "base"
    ]
    assert sorted(summaries) == ["in the cache", "now in the cache"]
    assert site.names() == ["scratch", "scratch"]

    assert "0 things" in goldsmith("gc", "--bases", "--pool", site.pool).out
    first.kill()
    first.wait()
    assert "removed 1 things" in goldsmith("gc", "--bases", "--pool", site.pool).out
    assert site.names() == ["scratch"]
    assert len(site.cached()) == 1, "the second run lies on it"
    assert second.poll() is None
    second.terminate()
    second.communicate(timeout=60)
    assert second.returncode == 143
    assert site.names() == []
    assert f"removed {site.cached()[0]}" in goldsmith("gc", "--bases", "--pool", site.pool).out
    assert site.cached() == []


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("other", ["same", "different"])
def test_two_whole_builds_at_once_admit_one(site: Site, started: Start, other: str) -> None:
    recipes = (site.recipe(), site.recipe(text="hello" if other == "same" else "good bye"))
    runs = [started(*site.build(recipe, run)) for run, recipe in enumerate(recipes, 1)]
    said = [run.communicate(timeout=800) for run in runs]
    assert site.names() == ["image-v1.0.evidence", "image-v1.0.json", "image-v1.0.qcow2"]
    codes = sorted(run.returncode for run in runs)
    if other == "same":
        assert codes == [0, 0], said
        assert sorted(line.split(":")[0] for out, _ in said for line in out.splitlines() if "sha256" in line) == [
            "admitted",
            "already built",
        ]
    else:
        assert codes == [0, 2], said
        errors = [line for _, err in said for line in err.splitlines() if line.startswith("error: ")]
        assert errors == [f"error: image:1.0 is in {site.pool} already, built from other inputs"]
    assert os.access(site.pool / "image-v1.0.qcow2", os.R_OK)
