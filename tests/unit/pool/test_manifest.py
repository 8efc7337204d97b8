"""Manifests: written whole, read back equal, extended without breaking."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldsmith.errors import InputError
from goldsmith.pool.manifest import KeptRecord, OperationRecord, PackageRecord, VerificationRecord, read_manifest

from .conftest import make_manifest


def test_round_trip(tmp_path: Path) -> None:
    manifest = make_manifest(
        packages=[PackageRecord(name="htop", version="3.2", arch="amd64")],
        operations=[OperationRecord(name="logs", changes=3, bytes=1000)],
        kept=[KeptRecord(path="/etc/keep", operation="x", reason="lab")],
        declared=["/etc/motd"],
        verification=VerificationRecord(verdict="pass", outcomes={"pass": 12}, clones=("no seed", "empty seed")),
    )
    (tmp_path / "m.json").write_bytes(manifest.as_bytes())
    assert read_manifest(tmp_path / "m.json") == manifest


def test_schema_comes_under_its_own_name() -> None:
    document = json.loads(make_manifest().as_bytes())
    assert document["schema"] == "goldsmith.manifest/1"
    assert document["packing"] == "qcow2/zstd"


def test_fields_of_a_newer_goldsmith_are_tolerated(tmp_path: Path) -> None:
    document = json.loads(make_manifest().as_bytes())
    document["signature"] = {"new": True}
    document["base"]["mirror"] = "new"
    (tmp_path / "m.json").write_text(json.dumps(document))
    assert read_manifest(tmp_path / "m.json") == make_manifest()


def test_undecodable_guest_paths_are_escaped(tmp_path: Path) -> None:
    manifest = make_manifest(declared=["/etc/caf\udce9\n"])
    (tmp_path / "m.json").write_bytes(manifest.as_bytes())
    assert read_manifest(tmp_path / "m.json").declared == ("/etc/caf\\xe9\\n",)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "not json", '{"schema": "goldsmith.manifest/2"}', "\0" * 100, "[" * 100_000],
)
def test_what_is_no_manifest_is_an_input_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(InputError, match="no manifest"):
        read_manifest(tmp_path / "m.json")


@pytest.mark.parametrize(
    ("field", "value"), [("sha256", "abc"), ("format", "vmdk"), ("packing", "7z"), ("size", "big")]
)
def test_every_field_is_validated(tmp_path: Path, field: str, value: object) -> None:
    document = json.loads(make_manifest().as_bytes()) | {field: value}
    (tmp_path / "m.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match=field):
        read_manifest(tmp_path / "m.json")


def test_missing_manifest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_manifest(tmp_path / "missing.json")
