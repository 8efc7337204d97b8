"""What the manifest of a finished image tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from goldsmith import __version__
from goldsmith.base.base import Base
from goldsmith.base.trust import Trust, TrustLevel
from goldsmith.cloudinit.datasource import Choice, Seed
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.seal import Packing, Sealed
from goldsmith.findings import Finding, GuestPlace, Severity
from goldsmith.generalization.generalize import Generalized
from goldsmith.guest.change import ABSENT, Kept, Plan, Remove, Write
from goldsmith.guest.info import GuestInfo, PackageManager
from goldsmith.guest.packages import Package
from goldsmith.pipeline.steps.admit import Admitted, Made, admit, manifest_of
from goldsmith.pipeline.steps.audit import Audited
from goldsmith.pipeline.steps.customize import Customized
from goldsmith.pipeline.steps.generalize import GeneralizedGuest
from goldsmith.pipeline.steps.seal import SealedDisk
from goldsmith.pipeline.steps.verify import expected_by, expected_of
from goldsmith.pool.manifest import Manifest
from goldsmith.pool.pool import Pool
from goldsmith.recipe.check import Checks, CommandCheck, FileCheck, TextWanted
from goldsmith.recipe.model import Recipe
from goldsmith.rules.evidence import CloneEvidence, Evidence
from goldsmith.rules.expectation import Expectation, Prediction, Setting
from goldsmith.rules.facts import Facts
from goldsmith.rules.rule import Outcome, Verdict
from goldsmith.verification.verification import Verification

MakeRecipe = Callable[..., Recipe]
CONTENT = b"the bytes of a sealed image"
EXPECT = (
    "clones: 2",
    (
        "firmware: uefi, machine: {memory: 2G}, expect: {users: {present: [ann], absent: [debian]}, packages: [htop], "
        "differ: [/etc/app/id], services: {enabled: [ssh], failed: [kdump]}, "
        "effective: {ssh_pwauth: false, users: null}, slower_than_previous: 50.0, "
        'files: [{path: /etc/motd, contains: "w\\u00ebb", mode: "0644", owner: root, group: 0}], '
        'commands: [{run: [id], user: ann, stdout: {equals: "1"}}]}'
    ),
)
NOTE = Finding("GS401", Severity.NOTE, "not erased for sure", hint="a hint", subject="partition 1")
AUDITED = tuple(Outcome("GS304", "x", verdict, "", "") for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.PASS))
WARNING = Finding("GS304", Severity.WARNING, "left", GuestPlace("/etc/caf\udce9"), subject="/etc/caf\\xe9")


def clone(name: str, seed: Seed) -> CloneEvidence:
    return CloneEvidence(
        name=name,
        driver="qemu",
        hardware=True,
        seed=seed,
        instance_id=None,
        booted_uuid="",
        milestones=(),
        ready=True,
        off=True,
        boots=1,
        seconds=30.0,
        problem=None,
        console=f"{name}.console.log",
        tail=(),
        facts=None,
    )


def verification() -> Verification:
    outcomes = [Outcome("GS501", name, Verdict.PASS, "", "") for name in ("clone1", "clone1: x", "clone2")]
    evidence = Evidence(
        sealed=Facts((), None, None, (), None, (), (), None, None, None, (), None, None, None, ()),
        prediction=Prediction((), (), None, (), (), ()),
        expectation=Expectation(stated=True),
        clones=(clone("clone1", Seed.NONE), clone("clone2", Seed.EMPTY_NOCLOUD)),
        digest_before="3" * 64,
        digest_after="3" * 64,
    )
    return Verification(evidence, tuple(outcomes))


@pytest.fixture
def made(recipe: MakeRecipe, tmp_path: Path) -> Made:
    sealed = tmp_path / "sealed.qcow2"
    sealed.write_bytes(CONTENT)
    applied = Plan(
        (
            Remove(path="/var/log/b", seen=ABSENT, operation="logfiles", reason="a log", bytes=100),
            Write(path="/etc/machine-id", seen=ABSENT, operation="machine-id", reason="empty", bytes=33, content=b""),
            Remove(path="/var/log/a", seen=ABSENT, operation="logfiles", reason="a log", bytes=20),
        ),
        (Kept("/etc/netplan/1.yaml", "network-config", "lab network"),),
    )
    info = GuestInfo("debian", "12", "Debian 12", (), "x86_64", PackageManager.APT, "systemd", "22.4.2", None)
    return Made(
        recipe=recipe(EXPECT),
        build_key="sha256:key",
        base=Base(
            "bootstrap:debian/12",
            Disk(tmp_path / "base.qcow2", DiskFormat.QCOW2, 1 << 30),
            "1" * 64,
            Trust(TrustLevel.BOOTSTRAPPED, "debian-archive-keyring"),
        ),
        customized=Customized(
            info,
            frozenset({"/srv/app", "/etc/motd"}),
            (Package("htop", "3.2.2-2", "amd64"), Package("zlib1g", "1:1.2.13", "amd64")),
            ("write: /etc/motd",),
        ),
        generalized=GeneralizedGuest(Generalized(applied, Plan())),
        sealed=SealedDisk(
            Sealed(Disk(sealed, DiskFormat.QCOW2, 4 << 30), len(CONTENT), "3" * 64, (NOTE,)), Packing.QCOW2_ZSTD
        ),
        audited=Audited(AUDITED, (WARNING, replace(WARNING, waived="a test")), canaries=("token",)),
        verification=verification(),
    )


def test_the_manifest_tells_how_the_image_was_made(made: Made) -> None:
    manifest = manifest_of(made)
    created = datetime.fromisoformat(manifest.created)
    assert timedelta() <= datetime.now(UTC) - created < timedelta(minutes=1)
    assert manifest.model_dump(mode="json", by_alias=True, exclude={"created"}) == {
        "schema": "goldsmith.manifest/1",
        "name": "web",
        "version": "1.0",
        "arch": "x86_64",
        "goldsmith": __version__,
        "recipe": made.recipe.digest,
        "build_key": "sha256:key",
        "base": {
            "origin": "bootstrap:debian/12",
            "sha256": "1" * 64,
            "trust": {"level": "bootstrapped", "evidence": "debian-archive-keyring"},
        },
        "file": "web-v1.0.qcow2",
        "format": "qcow2",
        "packing": "qcow2/zstd",
        "size": len(CONTENT),
        "virtual_size": 4 << 30,
        "sha256": "3" * 64,
        "packages": [
            {"name": "htop", "version": "3.2.2-2", "arch": "amd64"},
            {"name": "zlib1g", "version": "1:1.2.13", "arch": "amd64"},
        ],
        "operations": [
            {"name": "logfiles", "changes": 2, "bytes": 120},
            {"name": "machine-id", "changes": 1, "bytes": 33},
            {"name": "network-config", "changes": 0, "bytes": 0},
        ],
        "declared": ["/etc/motd", "/srv/app"],
        "kept": [{"path": "/etc/netplan/1.yaml", "operation": "network-config", "reason": "lab network"}],
        "findings": [
            {
                "code": "GS401",
                "severity": "note",
                "subject": "partition 1",
                "message": "not erased for sure",
                "hint": "a hint",
                "place": None,
            },
            {
                "code": "GS304",
                "severity": "warning",
                "subject": "/etc/caf\\xe9",
                "message": "left",
                "hint": None,
                "place": {"path": "/etc/caf\\xe9", "path_b64": "L2V0Yy9jYWbp"},
            },
            {
                "code": "GS304",
                "severity": "warning",
                "subject": "/etc/caf\\xe9",
                "message": "left",
                "hint": None,
                "place": {"path": "/etc/caf\\xe9", "path_b64": "L2V0Yy9jYWbp"},
                "waived": "a test",
            },
        ],
        "audit": {
            "outcomes": {"pass": 2, "fail": 1},
            "waived": [{"rule": "GS304", "path": "/etc/caf\\xe9", "message": "left", "reason": "a test"}],
            "searched_for": ["token"],
        },
        "expectation": {
            "users_present": ["ann"],
            "users_absent": ["debian"],
            "packages": ["htop"],
            "datasource": "local",
            "enabled": ["ssh"],
            "may_fail": ["kdump"],
            "effective": {"ssh_pwauth": "false", "users": None},
            "slower": 0.5,
            "may_differ": ["/etc/app/id"],
            "checks": {
                "files": [
                    {
                        "path": "/etc/motd",
                        "absent": False,
                        "text": {"equals": None, "contains": "w\u00ebb", "matches": None},
                        "mode": 0o644,
                        "owner": "root",
                        "group": 0,
                    }
                ],
                "commands": [
                    {
                        "run": "id",
                        "argv": ["id"],
                        "user": "ann",
                        "status": 0,
                        "stdout": {"equals": "1", "contains": None, "matches": None},
                        "timeout": 30.0,
                    }
                ],
                "goss": [],
                "testinfra": [],
                "by": "agent",
            },
        },
        "machine": {
            "firmware": ["uefi"],
            "memory": 2048,
            "cpus": None,
            "tpm": None,
            "machine": None,
            "cpu": None,
            "bus": None,
            "network": None,
        },
        "verification": {
            "verdict": "pass",
            "outcomes": {"pass": 3},
            "clones": [
                "clone1: no seed at all (no datasource): proved",
                "clone2: an empty NoCloud seed (no datasource): proved",
            ],
        },
    }


def test_what_the_recipe_expects_survives_in_the_manifest(made: Made) -> None:
    expected = expected_of(made.recipe)
    assert expected == Expectation(
        stated=True,
        users_present=("ann",),
        users_absent=("debian",),
        packages=("htop",),
        datasource=Choice.LOCAL,
        enabled=("ssh",),
        may_fail=("kdump",),
        effective=(Setting("ssh_pwauth", "false"), Setting("users", None)),
        slower=0.5,
        may_differ=("/etc/app/id",),
        checks=Checks(
            files=(FileCheck("/etc/motd", text=TextWanted(contains="w\u00ebb"), mode=0o644, owner="root", group=0),),
            commands=(CommandCheck("id", ("id",), "ann", stdout=TextWanted(equals="1")),),
        ),
    )
    assert read_back(manifest_of(made)).expectation == manifest_of(made).expectation
    # A manifest knows the paths that a recipe's patterns kept.
    assert expected_by(manifest_of(made)) == replace(expected, kept=("/etc/netplan/1.yaml",))


def read_back(manifest: Manifest) -> Manifest:
    return Manifest.model_validate_json(manifest.as_bytes())


def test_a_manifest_that_remembers_nothing_states_nothing(made: Made) -> None:
    manifest = manifest_of(made).model_copy(update={"expectation": None})
    assert expected_by(manifest) == Expectation(stated=False)


def test_admitted_with_its_evidence(made: Made, tmp_path: Path) -> None:
    record = tmp_path / "record"
    record.mkdir()
    (record / "customize.log").write_text("done")
    pool = Pool(tmp_path / "pool")
    admitted = admit(lambda _: None, pool, made, record)
    assert sorted(path.name for path in pool.root.iterdir()) == [
        "web-v1.0.evidence",
        "web-v1.0.json",
        "web-v1.0.qcow2",
    ]
    assert (admitted.evidence / "customize.log").read_text() == "done"
    assert admitted.image.path.read_bytes() == CONTENT
    assert admitted == Admitted(pool.resolve("web:1.0"), new=True)
    assert admitted.summary == "web-v1.0.qcow2"


def test_another_run_was_quicker(made: Made, tmp_path: Path) -> None:
    pool = Pool(tmp_path / "pool")
    for name, new in (("first", True), ("second", False)):
        record = tmp_path / name
        record.mkdir()
        made.sealed.sealed.disk.path.write_bytes(CONTENT)
        admitted = admit(lambda _: None, pool, made, record)
        assert admitted.new is new
    assert admitted.summary == "web-v1.0.qcow2, made by another run meanwhile"
