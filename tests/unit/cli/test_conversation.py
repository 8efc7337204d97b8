from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
import typer

from goldsmith.cli.conversation import conversation, finding_lines
from goldsmith.errors import GoldsmithError, HostError, InputError, ProcessError, ProofError, RecipeError, TrustError
from goldsmith.events import Note
from goldsmith.findings import Finding, HostPlace, Severity


def code_of(error: BaseException, *, as_json: bool = False) -> int:
    with pytest.raises(typer.Exit) as ended, conversation("build", json=as_json):
        raise error
    return ended.value.exit_code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GoldsmithError("x"), 1),
        (InputError("x"), 2),
        (HostError("x"), 3),
        (TrustError("x"), 4),
        (ProofError("x"), 5),
        (OSError(errno.ENOSPC, "No space left on device", "/pool"), 3),
        (PermissionError(errno.EACCES, "Permission denied", "/pool"), 3),
    ],
)
def test_every_error_has_its_exit_code(error: BaseException, code: int) -> None:
    assert code_of(error) == code


def test_an_error_is_its_log_one_line_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    code_of(ProcessError("apt-get failed", log_tail=["E: Unable to locate package htopp"], hint="look at the name"))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "  | E: Unable to locate package htopp",
        "error: apt-get failed",
        "hint: look at the name",
    ]


def test_a_recipe_says_all_its_problems(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [
        Finding("GS100", Severity.ERROR, "unknown key nmae", HostPlace("r.yaml", 1, 1), "did you mean name?"),
        Finding("GS101", Severity.ERROR, "version is missing", HostPlace("r.yaml", 1, 1)),
    ]
    assert code_of(RecipeError(problems)) == 2
    assert capsys.readouterr().err.splitlines() == [
        "r.yaml:1:1: error GS100: unknown key nmae",
        "  hint: did you mean name?",
        "r.yaml:1:1: error GS101: version is missing",
        "error: 2 problems in the recipe",
    ]


def test_with_json_an_error_is_a_document_too(capsys: pytest.CaptureFixture[str]) -> None:
    code_of(TrustError("wrong digest", hint="look"), as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document == {
        "schema": "goldsmith.build/1",
        "error": {"message": "wrong digest", "hint": "look", "exit_code": 4, "log": []},
        "findings": [],
    }


def test_a_bug_is_one_line_and_a_report_never_a_traceback(
    capsys: pytest.CaptureFixture[str], own_folders: Path
) -> None:
    assert code_of(KeyError("surprise")) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.startswith("error: goldsmith itself failed: KeyError: 'surprise'\n")
    assert "Traceback" in next(own_folders.rglob("crash.log")).read_text()


def test_events_are_json_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "events.jsonl"
    with conversation("build", events=str(target)) as talk:
        talk.emit(Note("hello"))
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert [(line["event"], line["text"]) for line in lines] == [("Note", "hello")]
    assert capsys.readouterr().err == "  · hello\n"


def test_events_that_cannot_be_written_are_a_mistake_of_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(typer.Exit) as ended, conversation("build", events=str(tmp_path / "no" / "folder")):
        pytest.fail("the verb must not begin")
    assert ended.value.exit_code == 2


def test_what_a_guest_wrote_reaches_no_terminal_raw() -> None:
    place = HostPlace("root/etc/cloud/cloud.cfg.d/\x1b[2J\n.cfg", 1, 1)
    lines = finding_lines([Finding("GS601", Severity.ERROR, "a\x1b[2J", place, "remove \ud800\n")])
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)
