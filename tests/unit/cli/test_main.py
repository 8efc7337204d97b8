from __future__ import annotations

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


def test_no_words_at_all_show_the_verbs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["goldsmith"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert "build" in said.out + said.err
