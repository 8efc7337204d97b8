"""The version before is the newest older one of the same name that has evidence."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.pool.conftest import make_manifest, sealed

from goldsmith.pool.naming import ImageName
from goldsmith.pool.pool import Pool
from goldsmith.rules.circumstances import Circumstances
from goldsmith.rules.evidence import Evidence, Previous, PreviousBoot
from goldsmith.verification.previous import previous_of

RECORDED = Path(__file__).with_name("recorded-evidence.json")


@pytest.fixture
def evidence() -> Evidence:
    recorded = Evidence.from_json(json.loads(RECORDED.read_text(encoding="utf-8")))
    circumstances = Circumstances("2026-11-24T07:00:00+00:00", "0.1", kvm=False, why="none", speed=0.2, size=1)
    return replace(recorded, circumstances=circumstances)


def admitted(pool: Pool, folder: Path, version: str, evidence: Evidence | None) -> None:
    record = folder / f"record-{version}"
    record.mkdir()
    if evidence is not None:
        (record / "evidence.json").write_text(json.dumps(evidence.as_json()))
    pool.admit(sealed(folder), make_manifest(version=version, build_key=version), {".evidence": record})


def test_its_boots_are_those_of_clones_that_ended(tmp_path: Path, evidence: Evidence) -> None:
    pool = Pool(tmp_path / "pool")
    first, second = evidence.clones
    admitted(pool, tmp_path, "1.9", replace(evidence, clones=(first, replace(second, off=False))))
    for version in ("1.2", "2.0"):
        admitted(pool, tmp_path, version, evidence)
    found = previous_of(pool, ImageName("base", "1.10"))
    assert first.seconds_to_ready is not None
    assert found == Previous(
        "base:1.9",
        False,
        0.2,
        (PreviousBoot(first.driver, first.seed, first.seconds_to_ready),),
    )


def test_one_without_evidence_is_passed_over(tmp_path: Path, evidence: Evidence) -> None:
    pool = Pool(tmp_path / "pool")
    admitted(pool, tmp_path, "1.0", evidence)
    admitted(pool, tmp_path, "1.1", None)
    admitted(pool, tmp_path, "1.2", replace(evidence, circumstances=None))
    found = previous_of(pool, ImageName("base", "1.3"))
    assert found is not None
    assert found.image == "base:1.0"


def test_the_first_version_has_none(tmp_path: Path, evidence: Evidence) -> None:
    pool = Pool(tmp_path / "pool")
    assert previous_of(pool, ImageName("base", "1.0")) is None
    admitted(pool, tmp_path, "1.0", evidence)
    assert previous_of(pool, ImageName("base", "1.0")) is None
    assert previous_of(pool, ImageName("other", "2.0")) is None
