"""The folder of evidence: all of it or nothing, and readable again."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from goldsmith import api
from goldsmith.cli.main import app
from goldsmith.errors import BuildError, InputError
from goldsmith.rules.evidence import Evidence
from goldsmith.rules.rule import Verdict
from goldsmith.verification.report import folder
from goldsmith.verification.report.folder import keep, read
from goldsmith.verification.verification import Verification

FILES = ["clone-1.console.log", "evidence.json", "index.html", "junit.xml", "milestones.jsonl"]


@pytest.fixture
def console(tmp_path: Path) -> Path:
    path = tmp_path / "clone-1.console.log"
    path.write_bytes(b"a line\r\n")
    return path


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.iterdir())


def test_the_folder_has_every_file_and_no_other(proven: Verification, console: Path, tmp_path: Path) -> None:
    keep(tmp_path / "a" / "proof", proven, [console, tmp_path / "clone-2.console.log"])
    assert names(tmp_path / "a" / "proof") == FILES
    assert read(tmp_path / "a" / "proof") == proven.evidence


def test_a_folder_that_is_used_again_keeps_only_what_is_not_of_the_last_one(
    proven: Verification, console: Path, tmp_path: Path
) -> None:
    proof = tmp_path / "proof"
    keep(proof, proven, [console])
    (proof / "clone-9.console.log").write_text("of a verification before")
    (proof / "customize.log").write_text("of somebody else")
    keep(proof, proven, [console])
    assert names(proof) == sorted([*FILES, "customize.log"])


@pytest.mark.parametrize("step", ["junit", "render_page"])
def test_on_a_full_disk_the_evidence_before_stays_and_nothing_half(
    proven: Verification, console: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    proof = tmp_path / "proof"
    keep(proof, proven, [console])
    before = {path.name: path.read_bytes() for path in proof.iterdir()}

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, step, full)
    with pytest.raises(BuildError, match=r"cannot keep the evidence in .*: No space left on device"):
        keep(proof, proven, [console])
    assert {path.name: path.read_bytes() for path in proof.iterdir()} == before


def test_a_file_in_the_folders_place_is_told_in_one_line(proven: Verification, console: Path) -> None:
    with pytest.raises(BuildError, match="cannot keep the evidence in"):
        keep(console, proven)


def test_each_milestone_is_a_line(proven: Verification, tmp_path: Path) -> None:
    keep(tmp_path, proven)
    lines = [json.loads(line) for line in (tmp_path / "milestones.jsonl").read_text().splitlines()]
    assert lines[0] == {
        "clone": "clone-1",
        "start": 1,
        "boot": 1,
        "milestone": "firmware",
        "seconds": 0.13,
        "up": None,
    }
    assert len(lines) == sum(len(clone.milestones) for clone in proven.clones)


def test_a_recorded_folder_is_judged_again(proven: Verification, tmp_path: Path) -> None:
    keep(tmp_path / "proof", proven)
    (tmp_path / "proof" / "index.html").unlink()
    judged = api.report(tmp_path / "proof", junit=tmp_path / "report.xml")
    assert judged.verdict is Verdict.PASS
    assert judged.page == tmp_path / "proof" / "index.html"
    assert judged.page.stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "report.xml").read_text() == (tmp_path / "proof" / "junit.xml").read_text()


def test_the_page_may_lie_elsewhere(proven: Verification, tmp_path: Path) -> None:
    keep(tmp_path / "proof", proven)
    judged = api.report(tmp_path / "proof" / "evidence.json", output=tmp_path / "page.html")
    assert judged.page == tmp_path / "page.html"
    assert (tmp_path / "page.html").read_text() == (tmp_path / "proof" / "index.html").read_text()


def test_a_page_that_cannot_be_written_leaves_nothing(proven: Verification, tmp_path: Path) -> None:
    keep(tmp_path / "proof", proven)
    (tmp_path / "page").mkdir()
    with pytest.raises(BuildError, match="cannot write"):
        api.report(tmp_path / "proof", output=tmp_path / "page")
    assert names(tmp_path) == ["page", "proof"]


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff", b"[" * 100_000, b"{}"])
def test_what_is_no_evidence_is_refused(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "evidence.json").write_bytes(content)
    with pytest.raises(InputError):
        read(tmp_path)


def test_recorded_evidence_is_as_its_schema_says(proven: Verification) -> None:
    schema = Evidence.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(json.dumps(proven.evidence.as_json()))
    jsonschema.Draft202012Validator(schema).validate(document)
    document["clones"][0]["ready"] = "perhaps"
    with pytest.raises(jsonschema.ValidationError, match="perhaps"):
        jsonschema.Draft202012Validator(schema).validate(document)


def test_the_verb_report_ends_with_the_verdict(proven: Verification, broken: Verification, tmp_path: Path) -> None:
    keep(tmp_path / "good", proven)
    keep(tmp_path / "bad", broken)
    good = CliRunner().invoke(app, ["report", str(tmp_path / "good"), "--junit", str(tmp_path / "j.xml"), "--json"])
    assert good.exit_code == 0
    document = json.loads(good.stdout)
    assert document["schema"] == "goldsmith.report/1"
    assert document["verdict"] == "pass"
    assert document["page"] == str(tmp_path / "good" / "index.html")
    assert (tmp_path / "j.xml").exists()
    bad = CliRunner().invoke(app, ["report", str(tmp_path / "bad")])
    assert bad.exit_code == 5
    assert f"page: {tmp_path / 'bad' / 'index.html'}" in bad.stdout
