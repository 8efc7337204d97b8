from __future__ import annotations

import json
import sys

import pytest

from goldsmith.cli.main import main


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["bild"], "No such command 'bild'"),
        (["build"], "Missing argument 'RECIPE'"),
        (["build", "r.yaml", "--no-such-option"], "No such option: --no-such-option"),
        (["build", "r.yaml", "--engine", "magic"], "'magic' is not one of"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["goldsmith", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "schema", "says"),
    [
        (["bild", "--json"], "goldsmith.error/1", "No such command 'bild'"),
        (["build", "--json"], "goldsmith.build/1", "Missing argument 'RECIPE'"),
        (["verify", "a.raw", "--json", "--driver", "magic"], "goldsmith.verify/1", "'magic' is not one of"),
    ],
)
def test_a_wrong_command_line_that_asks_for_a_document_gets_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], schema: str, says: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["goldsmith", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["findings"]) == (schema, [])
    assert says in document["error"].pop("message")
    assert document["error"] == {"hint": None, "exit_code": 2, "log": []}


def test_no_words_at_all_show_the_verbs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["goldsmith"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert "build" in said.out + said.err
