"""The report: verdict, meanings, and the document that stays the same for programs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldsmith.errors import InputError
from goldsmith.rules.evidence import Evidence
from goldsmith.rules.expectation import INVARIANTS_ONLY
from goldsmith.rules.rule import Needs, Outcome, Verdict, rules_of
from goldsmith.verification.verification import Verification
from goldsmith.verification.verify import judge_evidence

RECORDED = Path(__file__).with_name("recorded-evidence.json")


@pytest.fixture
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def evidence(document: dict[str, Any]) -> Evidence:
    return Evidence.from_json(document)


def test_evidence_goes_into_json_and_back(evidence: Evidence) -> None:
    assert Evidence.from_json(json.loads(json.dumps(evidence.as_json()))) == evidence


def test_evidence_holds_no_secrets(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    assert "$6$" not in text
    assert "$y$" not in text
    assert "PRIVATE KEY" not in text


def test_what_is_no_evidence_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="this is no recorded evidence: sealed"):
        Evidence.from_json({"clones": []})


def test_the_verdict_passes_only_where_everything_does(evidence: Evidence) -> None:
    outcomes = judge_evidence(evidence)
    doubt = Outcome("GS999", "clone-1", Verdict.UNPROVEN, "x", "", "nobody looked")
    wrong = replace(doubt, verdict=Verdict.FAIL)
    assert Verification(evidence, outcomes).verdict is Verdict.PASS
    assert Verification(evidence, (*outcomes, doubt)).verdict is Verdict.UNPROVEN
    assert Verification(evidence, (*outcomes, doubt, wrong)).verdict is Verdict.FAIL
    assert Verification(evidence, ()).verdict is Verdict.UNPROVEN


def test_it_says_which_meaning_of_no_user_data_each_clone_proved(evidence: Evidence) -> None:
    outcomes = judge_evidence(evidence)
    assert Verification(evidence, outcomes).meanings() == (
        "clone-1: no seed at all (DataSourceNone): proved",
        "clone-2: an empty NoCloud seed (DataSourceNoCloud): proved",
    )
    doubt = Outcome("GS999", "clone-2: debian", Verdict.UNPROVEN, "x", "", "nobody looked")
    assert Verification(evidence, (*outcomes, doubt)).meanings()[1].endswith("not proved")


def test_the_document_has_the_promised_fields(evidence: Evidence, tmp_path: Path) -> None:
    shown = Verification(evidence, judge_evidence(evidence), tmp_path).as_json()
    assert shown["verdict"] == "pass"
    assert shown["judged"] == "recipe"
    assert shown["evidence"] == str(tmp_path)
    assert isinstance(shown["outcomes"], list)
    assert set(shown["outcomes"][0]) == {"rule", "subject", "verdict", "expected", "seen", "message"}
    assert isinstance(shown["clones"], list)
    first = shown["clones"][0]
    assert (first["driver"], first["seed"], first["console"]) == ("qemu", "none", str(tmp_path / "clone-1.console.log"))
    assert first["milestones"][0]["name"] == "firmware"
    json.dumps(shown)


def test_without_a_recipe_it_says_that_only_invariants_were_judged(evidence: Evidence) -> None:
    unstated = replace(evidence, expectation=INVARIANTS_ONLY)
    verification = Verification(unstated, judge_evidence(unstated))
    assert verification.as_json()["judged"] == "invariants"
    assert "only invariants were judged: there is no manifest and no recipe" in verification.as_text().splitlines()
    assert verification.passed


def test_the_text_names_every_failure_with_its_hint(document: dict[str, Any]) -> None:
    document["sealed"]["machine_id"] = "0123456789abcdef0123456789abcdef"
    evidence = Evidence.from_json(document)
    text = Verification(evidence, judge_evidence(evidence)).as_text()
    assert re.fullmatch(r"fail: \d+ pass, 2 fail in 2 clones", text.splitlines()[0])
    assert "fail GS412 clone-1: machine-id 0123456789abcdef0123456789abcdef was sealed into the image" in text
    assert "  hint: generalize with machine-id" in text.splitlines()


def test_a_boot_that_failed_is_explained_by_its_console(document: dict[str, Any]) -> None:
    panic = {
        "name": "no-root",
        "line": "Kernel panic - not syncing: VFS: Unable to mount root fs",
        "cause": "the kernel has no root file system",
        "hint": "look at the initrd line",
        "ends": True,
    }
    notice = {**panic, "name": "failed-unit", "cause": "systemd could not start x", "hint": "read", "ends": False}
    last = [f"line {number}" for number in range(19)] + ["\x1b[2J"]
    document["clones"][0].update(
        ready=False, off=False, problem="the boot gave up", causes=[notice, panic], tail=last, facts=None
    )
    evidence = Evidence.from_json(document)
    verification = Verification(evidence, judge_evidence(evidence))
    lines = verification.as_text().splitlines()
    told = next(number for number, line in enumerate(lines) if line.startswith("fail GS401 clone-1: "))
    assert lines[told].endswith("the kernel has no root file system; systemd could not start x; the boot gave up")
    assert lines[told + 1] == "  hint: look at the initrd line; read; read the console: clone-1.console.log"
    console = lines.index(f"console of clone-1 at its end, after {evidence.clones[0].last_milestone}:")
    assert lines[console + 1 : console + 21] == [*(f"  | {line}" for line in last[:-1]), "  | \\x1b[2J"]
    shown = verification.as_json()["clones"]
    assert isinstance(shown, list)
    assert [each["name"] for each in shown[0]["causes"]] == ["failed-unit", "no-root"]


def test_a_second_boot_that_failed_is_told_as_a_first_one(document: dict[str, Any], tmp_path: Path) -> None:
    first = document["clones"][0]
    cause = {"name": "no-root", "line": "VFS:", "cause": "no root", "hint": "look", "ends": True}
    first["again"] = {
        **first, "ready": False, "off": False, "problem": "the boot gave up", "causes": [cause], "tail": ["VFS: x"],
        "milestones": [], "facts": None, "screenshot": "clone-1-again.screenshot.png",
    }  # fmt: skip
    evidence = Evidence.from_json(document)
    lost = Verification(evidence, judge_evidence(evidence)).as_text().splitlines()
    assert "consoles and screens were not kept: verify with --evidence FOLDER" in lost
    verification = Verification(evidence, judge_evidence(evidence), tmp_path)
    lines = verification.as_text().splitlines()
    console = lines.index("console of clone-1, second boot at its end, after none:")
    screen = tmp_path / "clone-1-again.screenshot.png"
    assert lines[console + 1 : console + 3] == ["  | VFS: x", f"screen of clone-1, second boot: {screen}"]
    assert any(line.endswith("the second boot stopped after none: no root; the boot gave up") for line in lines)
    shown = verification.as_json()["clones"]
    assert isinstance(shown, list)
    second = shown[0]["second_boot"]
    assert ([each["name"] for each in second["causes"]], second["screenshot"]) == (["no-root"], str(screen))


def test_evidence_without_causes_is_judged_as_before(document: dict[str, Any]) -> None:
    assert all("causes" not in clone for clone in document["clones"])
    assert all(clone.causes == () for clone in Evidence.from_json(document).clones)


def test_what_is_unproven_is_one_line_for_each_reason(document: dict[str, Any]) -> None:
    document["clones"][0].update(ready=False, off=False, problem="no progress for 63 s")
    evidence = Evidence.from_json(document)
    lines = [
        line for line in Verification(evidence, judge_evidence(evidence)).as_text().splitlines() if "unproven" in line
    ]
    blinded = ", ".join(
        rule.code for rule in rules_of(Needs.CLONE) if rule.code not in {"GS401", "GS402", "GS432", "GS450"}
    )
    assert re.fullmatch(r"fail: \d+ pass, 1 fail, \d+ unproven in 2 clones", lines[0])
    assert lines[1:] == [
        f"unproven {blinded} clone-1: the clone's disk proves nothing: no progress for 63 s",
        "unproven GS501, GS502, GS503, GS504, GS508 clones: 1 of 2 clones ended cleanly: nothing to compare",
        "unproven GS505 clones: 1 clones ended cleanly: nothing to compare",
    ]
