"""goss in a clone: how it gets there, and what its tests become. A script stands in for the program."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from goldsmith.errors import HostError, ProcessError
from goldsmith.machine.inside import ProgramEnd
from goldsmith.recipe.check import Checks, GossCheck
from goldsmith.rules.check_result import CheckResult, Sight
from goldsmith.verification.check import Live, look_live
from goldsmith.verification.checks.goss import CHUNK, judged, require_goss

CHECK = GossCheck("goss.yaml", "file: {}\n")
# As goss 0.3 prints it; 0.4 has `matcher-result` and `skipped` beside it.
HOLDS: dict[str, Any] = {
    "duration": 15, "err": None, "expected": ["true"], "found": ["true"], "human": "", "meta": None,
    "property": "exists", "resource-id": "/etc/motd", "resource-type": "File", "result": 0, "successful": True,
    "summary-line": "File: /etc/motd: exists: matches expectation: [true]", "test-type": 0, "title": "",
}  # fmt: skip
LINE = "Service: ssh: running: doesn't match, expect: [true] found: [false]"
FAILS = {
    **HOLDS, "resource-type": "Service", "resource-id": "ssh", "property": "running", "found": ["false"], "result": 1,
    "successful": False, "summary-line": LINE,
}  # fmt: skip
SKIPPED = {**HOLDS, "result": 2, "found": None}
NEWER = {key: value for key, value in FAILS.items() if key not in {"expected", "found"}} | {
    "matcher-result": {"actual": False, "expected": True, "message": "to equal"},
    "skipped": False,
}

STAND_IN = """#!/bin/sh
[ "$1 $3 $4 $5 $6" = "--gossfile validate --format json --no-color" ] || exit 9
[ "$(stat -c %a "$0")" = 700 ] || exit 8
cat "$2"
"""


class LocalInside:
    """This host in place of a clone."""

    def __init__(self) -> None:
        self.longest = 0

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float) -> ProgramEnd:
        self.longest = max(self.longest, len(stdin))
        done = subprocess.run(argv, input=stdin, capture_output=True, check=False, timeout=timeout)
        return ProgramEnd(done.returncode, done.stdout, done.stderr)


def end(status: int | None, document: object = None, *, stderr: bytes = b"", cut: bool = False) -> ProgramEnd:
    return ProgramEnd(status, json.dumps(document).encode() if document is not None else b"", stderr, cut)


def told(ended: ProgramEnd) -> list[tuple[str, Sight, str, str, str]]:
    return [_short(each) for each in judged(CHECK, ended)]


def _short(result: CheckResult) -> tuple[str, Sight, str, str, str]:
    assert (result.kind.value, result.check) == ("goss", "goss.yaml")
    return result.part, result.sight, result.expected, result.seen, result.message


def test_each_test_is_a_result() -> None:
    ran = end(1, {"results": [HOLDS, FAILS, SKIPPED, NEWER], "summary": {"failed-count": 2, "test-count": 4}})
    assert told(ran) == [
        ("File /etc/motd exists", Sight.AS_ASKED, "true", "true", ""),
        ("Service ssh running", Sight.OTHERWISE, "true", "false", LINE),
        ("File /etc/motd exists", Sight.NOT_SEEN, "true", "", "goss skipped it"),
        ("Service ssh running", Sight.OTHERWISE, "true", "false", LINE),
    ]


@pytest.mark.parametrize(
    ("ended", "message"),
    [
        (end(0, {"results": None}), "the goss file has no test"),
        (end(0, {"results": [3]}), "the goss file has no test"),
        (end(1, stderr=b"Error: yaml: line 3\n"), "goss ended with 1: Error: yaml: line 3"),
        (end(78, {"results": [HOLDS]}), 'goss ended with 78: {"results"'),
        (end(0, [HOLDS]), "goss ended with 0: [{"),
        (end(None), "goss did not end in time"),
        (end(0, {"results": [HOLDS]}, cut=True), "goss printed more than is kept"),
        (ProgramEnd(0, b"[" * 100_000, b""), "goss ended with 0: [["),
    ],
)
def test_what_proves_nothing(ended: ProgramEnd, message: str) -> None:
    (only,) = told(ended)
    assert only[1] is Sight.NOT_SEEN
    assert only[4].startswith(message)


def test_an_exit_code_that_the_tests_do_not_explain_is_no_pass() -> None:
    assert [each[1] for each in told(end(1, {"results": [HOLDS]}))] == [Sight.AS_ASKED, Sight.NOT_SEEN]


def test_a_flood_of_tests_is_cut() -> None:
    results = told(end(0, {"results": [HOLDS] * 1001}))
    assert (len(results), results[-1][1]) == (1001, Sight.NOT_SEEN)


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "goss"
    program.write_text(STAND_IN + "exit 0\n" + "#" * CHUNK)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


@pytest.mark.process
@pytest.mark.usefixtures("stand_in")
def test_the_program_and_its_file_are_put_into_the_clone_and_taken_out_again() -> None:
    require_goss(Checks(goss=(CHECK,)))
    inside = LocalInside()
    before = set(Path("/dev/shm").glob("goldsmith.*"))
    (result,) = look_live(GossCheck("goss.yaml", json.dumps({"results": [HOLDS]})), Live(inside))
    assert (result.sight, result.part) == (Sight.AS_ASKED, "File /etc/motd exists")
    assert inside.longest == CHUNK
    assert set(Path("/dev/shm").glob("goldsmith.*")) == before


class RefusingInside:
    """A clone from whose folders nothing can be started, or that names another folder than it was asked for."""

    def __init__(self, answer: ProgramEnd) -> None:
        self._answer = answer

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float) -> ProgramEnd:
        if argv[0] == "rm":
            raise ProcessError("the machine went down meanwhile")
        return self._answer


@pytest.mark.parametrize("answer", [ProgramEnd(1, b"", b""), ProgramEnd(0, b"/etc\n", b""), ProgramEnd(0, b"", b"")])
def test_a_clone_in_which_nothing_can_be_started(answer: ProgramEnd) -> None:
    (result,) = look_live(CHECK, Live(RefusingInside(answer)))
    assert result.sight is Sight.NOT_SEEN
    assert result.message == "no program can be started from /dev/shm, /run, /tmp in the clone"


@pytest.mark.usefixtures("stand_in")
def test_a_clone_that_goes_down_meanwhile() -> None:
    gone = RefusingInside(ProgramEnd(0, b"/dev/shm/goldsmith.abcdef\n", b""))
    (result,) = look_live(CHECK, Live(gone))
    assert (result.sight, result.message) == (Sight.NOT_SEEN, "the machine went down meanwhile")


def test_a_host_without_goss(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("goldsmith.verification.checks.goss.search_path", lambda: str(tmp_path))
    with pytest.raises(HostError, match="goss is not installed"):
        require_goss(Checks(goss=(CHECK,)))
    require_goss(Checks())
