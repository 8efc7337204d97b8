"""The main job as a user runs it: one recipe, one command, a proven image in the pool."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.boot.test_verify import machines_do_as_predicted_and_as_rehearsed

from goldsmith.base.base import Base
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.machine.acceleration import acceleration
from goldsmith.machine.boot import boot
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.milestones import Milestone
from goldsmith.machine.options import Firmware, MachineOptions
from goldsmith.rules.evidence import Evidence

pytestmark = [pytest.mark.root, pytest.mark.base, pytest.mark.boot, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "examples/debian12-base.yaml"
COMMAND = (sys.executable, "-c", "from goldsmith.cli.main import main; main()")


@dataclass(frozen=True)
class Pool:
    """A pool with the example's image in it, and what `build` said about it."""

    folder: Path
    document: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]
    environment: Mapping[str, str]

    @property
    def image(self) -> Path:
        return self.folder / "debian12-base-v1.0.qcow2"

    def goldsmith(self, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *map(str, words), "--pool", str(self.folder)],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )


@pytest.fixture(scope="module")
def pool(debian12: Base, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    assert debian12.cached or debian12.disk.path.exists()
    folder = tmp_path_factory.mktemp("build")
    events = folder / "events.jsonl"
    empty = Pool(folder / "pool", {}, (), {**os.environ, "XDG_STATE_HOME": str(folder / "state")})
    done = empty.goldsmith("build", RECIPE, "--json", "--events", events)
    assert done.returncode == 0, done.stderr
    lines = tuple(json.loads(line) for line in events.read_text().splitlines())
    return Pool(empty.folder, json.loads(done.stdout), lines, empty.environment)


def test_the_document_says_what_was_admitted_and_how_far_it_is_trusted(pool: Pool) -> None:
    document = pool.document
    assert document["schema"] == "goldsmith.build/1"
    assert (document["name"], document["version"]) == ("debian12-base", "1.0")
    assert document["image"] == str(pool.image)
    assert document["virtual_size"] == 10 << 30
    assert document["size"] == pool.image.stat().st_size
    assert document["sha256"] == hashlib.sha256(pool.image.read_bytes()).hexdigest()
    assert document["trust"]["level"] == "bootstrapped"


def test_every_outcome_passed_with_and_without_user_data(pool: Pool) -> None:
    verification = pool.document["verification"]
    assert verification["verdict"] == "pass"
    assert {outcome["verdict"] for outcome in verification["outcomes"]} == {"pass"}
    # Where machines are emulated, root rehearses what goes beyond both meanings of "no user-data".
    beyond = "machine" if acceleration().kvm else "rehearsal"
    assert [(clone["seed"], clone["proved_by"], clone["proved"]) for clone in verification["clones"]] == [
        ("none", "machine", True),
        ("nocloud-empty", "machine", True),
        ("nocloud-user-data", beyond, True),
    ]
    assert [clone["second_boot"] is not None for clone in verification["clones"]] == [False, False, True]


def test_only_image_manifest_and_evidence_are_in_the_pool(pool: Pool) -> None:
    assert sorted(path.name for path in pool.folder.iterdir()) == [
        "debian12-base-v1.0.evidence",
        "debian12-base-v1.0.json",
        "debian12-base-v1.0.qcow2",
    ]
    assert pool.image.stat().st_mode & 0o777 == 0o444


def test_the_manifest_tells_how_it_was_made(pool: Pool) -> None:
    manifest = json.loads((pool.folder / "debian12-base-v1.0.json").read_text())
    assert manifest["base"]["origin"] == "bootstrap:debian/12"
    assert manifest["packing"] == "qcow2/zstd"
    assert {"htop", "lsof", "cloud-init"} <= {package["name"] for package in manifest["packages"]}
    assert "/etc/cloud/cloud.cfg.d/99-custom-defaults.cfg" in manifest["declared"]
    assert manifest["verification"]["verdict"] == "pass"


def test_the_steps_were_told_in_order(pool: Pool) -> None:
    finished = [event["step"] for event in pool.events if event["event"] == "StepFinished"]
    assert finished == ["base", "disk", "open", "customize", "generalize", "seal", "audit", "verify", "admit"]
    assert {event["clone"] for event in pool.events if event["event"] == "MilestonePassed"} == {
        "clone-1",
        "clone-2",
        "clone-3",
        "clone-3-again",
    }


def test_the_image_is_clean_for_qemu_img(pool: Pool) -> None:
    subprocess.run(["qemu-img", "check", "-f", "qcow2", pool.image], check=True, capture_output=True)


def test_the_same_build_again_is_there_already(pool: Pool) -> None:
    started = time.monotonic()
    done = pool.goldsmith("build", RECIPE, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["already_built"] is True
    assert time.monotonic() - started < 30


@pytest.mark.full
def test_built_again_it_is_proven_compared_and_not_kept(pool: Pool) -> None:
    def files() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in pool.folder.rglob("*")}

    before = files()
    done = pool.goldsmith("build", RECIPE, "--rebuild", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["sha256"], document["already_built"]) == (pool.document["sha256"], False)
    assert document["verification"]["verdict"] == "pass"
    assert document["verification"]["evidence"] is None
    kinds = {each["kind"] for each in document["rebuilt"]["differences"]}
    assert kinds <= {"file", "image"}, "the same recipe on the same base"
    assert files() == before


def test_another_build_cannot_take_the_name(pool: Pool, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(RECIPE.read_text().replace("[htop, lsof]", "[htop]").replace("htop, lsof,", "htop,"))
    (tmp_path / "scripts").symlink_to(RECIPE.parent / "scripts")
    done = pool.goldsmith("build", other)
    assert done.returncode == 2
    assert "raise the version" in done.stderr


def test_the_audit_finds_nothing_in_it(pool: Pool) -> None:
    done = subprocess.run(
        [*COMMAND, "audit", str(pool.image), "--engine", "mount", "--json"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    errors = [each for each in json.loads(done.stdout)["findings"] if each["severity"] == "error"]
    assert (done.returncode, errors) == (0, [])


def test_its_machines_did_as_predicted_and_as_containers_do(pool: Pool, debian12: Base, tmp_path: Path) -> None:
    recorded = Evidence.from_json(
        json.loads((pool.folder / "debian12-base-v1.0.evidence/evidence.json").read_text(encoding="utf-8"))
    )
    image = Disk(pool.image, DiskFormat.QCOW2, 10 << 30)
    machines_do_as_predicted_and_as_rehearsed(debian12, image, recorded, tmp_path)


def test_a_clone_of_it_boots_by_uefi(pool: Pool, tmp_path: Path) -> None:
    disk = tmp_path / "vm1.qcow2"
    done = pool.goldsmith("clone", "debian12-base:1.0", disk, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["backing"] == str(pool.image)
    image = Disk(pool.image, DiskFormat.QCOW2, 10 << 30)
    spec = MachineSpec(
        name="uefi",
        disk=Disk(disk, DiskFormat.QCOW2, 10 << 30, image),
        folder=tmp_path,
        options=MachineOptions(firmware=Firmware.UEFI),
    )
    (record,) = boot([spec], until=Milestone.INIT, speed=acceleration().speed)
    assert (record.problem, record.reached(Milestone.INIT)) == (None, True)
