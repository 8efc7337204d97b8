"""docs/reference/json.md against the documents and events themselves."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from typer.testing import CliRunner

from goldsmith import errors, events
from goldsmith.cli.conversation import conversation
from goldsmith.cli.main import app
from goldsmith.disk.disk import DiskFormat
from goldsmith.disk.seal import Packing
from goldsmith.findings import Finding, HostPlace, Severity
from goldsmith.machine.acceleration import Acceleration
from goldsmith.pipeline import diagnose
from goldsmith.pipeline.build import Built
from goldsmith.pipeline.clone import CloneDisk
from goldsmith.pipeline.steps.compare import Compared, Difference, Kind
from goldsmith.pool.manifest import BaseRecord, Manifest, TrustRecord
from goldsmith.pool.pool import Image
from goldsmith.rules.evidence import Evidence
from goldsmith.verification.verification import Verification
from goldsmith.verification.verify import judge_evidence

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "json.md").read_text(encoding="utf-8")
RECORDED = Path(__file__).parents[1] / "verification" / "recorded-evidence.json"
MATRIX = RECORDED.with_name("recorded-matrix.json")
# Mappings whose keys are names of things, not fields.
BY_NAME = {"engines", "drivers", "origins", "first_boot"}
# The guest's own configuration, whatever it holds.
OPAQUE = {"effective", "effective_builtin", "key.value", "key.origin.overrides[].value", "origins{}.overrides[].value"}

RECIPE = """\
name: base
version: "1.0"
base: {bootstrap: debian/12}
disk: {size: 10G}
datasource: local
defaults:
  config: |
    packages: [htop]
"""


def section(title: str) -> list[list[str]]:
    """The rows of a section's first table, without its head, each with three cells."""
    text = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert text, f"no section {title}"
    rows = [re.split(r"\s*\|\s*", line)[1:-1] for line in text[1].splitlines() if line.startswith("|")]
    return [[*row, "", ""][:3] for row in rows[2:]]


def documented(verb: str) -> Iterator[tuple[str, str, str]]:
    """Every field of a verb: the way to what it is in, its name, and its condition or nothing."""
    for field, _, where in section(verb):
        way, _, name = field.strip("`").rpartition(".")
        yield way, name, where


def objects(value: object, way: str = "") -> Iterator[tuple[str, set[str]]]:
    """The way to every object of a document, and the names of its fields."""
    if way in OPAQUE:
        return
    if isinstance(value, list):
        for item in value:
            yield from objects(item, f"{way}[]")
    elif isinstance(value, Mapping):
        if way in BY_NAME:
            for below in value.values():
                yield from objects(below, f"{way}{{}}")
            return
        yield way, set(value)
        for key, below in value.items():
            yield from objects(below, f"{way}.{key}" if way else str(key))


def check_fields(verb: str, *documents: Mapping[str, Any]) -> None:
    """No field is undocumented, and each that is said to be always there is in every object that it belongs to."""
    for document in documents:
        for way, found in objects({key: value for key, value in document.items() if key != "schema"}):
            own = [(name, where) for place, name, where in documented(verb) if place == way]
            assert found - {name for name, _ in own} == set(), way
            assert {name for name, where in own if not where} - found == set(), way


def said(*words: str | Path, code: int = 0) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert result.exit_code == code, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    assert document["schema"] == f"goldsmith.{words[0]}/1"
    return document


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "base.yaml"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for folder in ("etc", "var/log", "var/crash", "root", "tmp"):
        (root / folder).mkdir(parents=True)
    (root / "etc" / "os-release").write_text("ID=debian\nVERSION_ID=12\n")
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    (root / "etc" / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (root / "var" / "crash" / "core\n1").write_text("core")
    (root / "tmp" / "kept").write_text("")
    return root


def test_the_page_names_every_verb() -> None:
    verbs = {command.callback.__name__ for command in app.registered_commands if command.callback is not None}
    assert set(re.findall(r"^## ([a-z]+)$", PAGE, re.MULTILINE)) == verbs | {"error"}


def test_lint(recipe: Path) -> None:
    document = said("lint", recipe)
    assert document["findings"]
    check_fields("lint", document)


@pytest.mark.usefixtures("own_folders")
def test_explain(tree: Path, tmp_path: Path) -> None:
    drop_in = tmp_path / "99-x.cfg"
    drop_in.write_text("users: [default, {name: ops}]\npackages: [htop]\nruncmd: [[a]]\ncloud_final_modules: []\n")
    folder = tree / "etc" / "cloud" / "cloud.cfg.d"
    folder.mkdir(parents=True)
    (tree / "etc" / "cloud" / "cloud.cfg").write_text("cloud_init_modules: [users_groups, ssh]\nusers: [default]\n")
    (folder / "99-x.cfg").write_text("users: []\nruncmd: [[b]]\n\t")
    documents = [said("explain", tree), said("explain", tree, "users"), said("explain", drop_in, "--distro", "rocky/9")]
    documents.append(said("explain", drop_in, "scripts_user"))
    assert "module" in documents[3]
    assert documents[2]["first_boot"]["none"]["users"] is not None
    check_fields("explain", *documents)


@pytest.mark.usefixtures("own_folders")
def test_plan(recipe: Path) -> None:
    check_fields("plan", said("plan", recipe, "--offline"))


def test_generalize_and_audit(tree: Path) -> None:
    words = ("generalize", tree, "--keep", "/tmp/kept=a test")
    documents = [said(*words, "--dry-run"), said("audit", tree, code=5), said(*words, "--in-place")]
    planned, audited, applied = documents
    assert planned["kept"]
    assert any("path_b64" in change for change in planned["plan"])
    check_fields("generalize", planned, applied, said("generalize", "--list"))
    (tree / "etc" / "shadow").write_text("root::1::::::\n")
    waived = said("audit", tree, "--waive", "GS312:/etc/*=a test", "--waive", "GS310=none")
    assert waived["idle_waivers"]
    assert any("waived" in finding for finding in waived["findings"])
    check_fields("audit", audited, waived, said("audit", "--list"), said("audit", "--explain", "GS310"))
    only = {name for way, name, where in documented("generalize") if where == "with `--dry-run`" and not way}
    assert only <= set(planned)
    assert only & set(applied) == set()


def test_init(tmp_path: Path) -> None:
    check_fields("init", said("init", tmp_path / "new.yaml"))


def test_gc(own_folders: Path) -> None:
    dead = own_folders / "pool" / ".goldsmith-1-dead"
    dead.mkdir(parents=True)
    document = said("gc", "--dry-run", "--pool", dead.parent)
    check_fields("gc", document)


def test_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose, "acceleration", lambda: Acceleration(kvm=False, why="not tried", speed=0.2))
    monkeypatch.setattr("goldsmith.doctor.located", lambda _: None)
    document = diagnose.diagnose().as_json()
    assert document["missing"]
    check_fields("doctor", json.loads(json.dumps(document)))


@pytest.fixture
def verification(tmp_path: Path) -> Verification:
    evidence = Evidence.from_json(json.loads(RECORDED.read_text(encoding="utf-8")))
    return Verification(evidence, judge_evidence(evidence), tmp_path)


@pytest.fixture
def image(tmp_path: Path) -> Image:
    manifest = Manifest(
        name="base",
        version="1.0",
        arch="x86_64",
        created="2026-01-02T03:04:05Z",
        goldsmith="0.1.0",
        recipe="",
        build_key="",
        base=BaseRecord(origin="", sha256="0" * 64, trust=TrustRecord(level="none")),
        file="base-v1.0.qcow2",
        format=DiskFormat.QCOW2,
        packing=Packing.QCOW2_ZSTD,
        size=1,
        virtual_size=2,
        sha256="0" * 64,
    )
    return Image(tmp_path / manifest.file, manifest)


def test_verify(verification: Verification) -> None:
    evidence = Evidence.from_json(json.loads(MATRIX.read_text(encoding="utf-8")))
    twice = Verification(evidence, judge_evidence(evidence)).as_json()
    check_fields("verify", verification.as_json(), twice)


def test_build(image: Image, verification: Verification) -> None:
    document = Built(image, verification).as_json()
    assert document["verification"] == verification.as_json()
    check_fields("build", {**document, "verification": None})
    difference = Difference(Kind.FILE, "/srv/caf\udce9", None, "regular 0644")
    rebuilt = Built(image, None, Compared((difference,), "0" * 64, 1)).as_json()
    assert rebuilt["rebuilt"]["differences"][0]["name_b64"]  # type: ignore[index]
    check_fields("build", rebuilt)


def test_clone(image: Image) -> None:
    check_fields("clone", CloneDisk(image.disk, image).as_json())


def test_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding("GS101", Severity.ERROR, "no", HostPlace("r.yaml", 1, 1))
    with pytest.raises(typer.Exit), conversation("build", json=True):
        raise errors.RecipeError([finding])
    document = json.loads(capsys.readouterr().out)
    check_fields("error", {**document, "findings": []})
    linted = {"kind": "recipe", "schema_used": None, "repaired": 0, "findings": document["findings"]}
    check_fields("lint", linted)


def test_exit_codes() -> None:
    told = {row[2].strip("`"): int(row[0]) for row in section("Exit codes") if row[2]}
    own = {
        name: vars(kind)["exit_code"]
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and "exit_code" in vars(kind) and name not in {"GoldsmithError", "Stopped"}
    }
    assert told == {**own, "BuildError": errors.BuildError.exit_code}


def test_events() -> None:
    told = {row[0].strip("`"): re.findall(r"`(\w+)`", row[1]) for row in section("Events")}
    assert told == {
        kind.__name__: [field.name for field in dataclasses.fields(kind)] for kind in get_args(events.Event)
    }


def test_a_field_that_is_not_documented_would_be_noticed(image: Image) -> None:
    document = CloneDisk(image.disk, image).as_json()
    with pytest.raises(AssertionError):
        check_fields("clone", {**document, "surprise": 1})
    with pytest.raises(AssertionError):
        check_fields("clone", {key: value for key, value in document.items() if key != "backing"})
