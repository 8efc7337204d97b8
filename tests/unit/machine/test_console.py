from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldsmith.machine.console import LINE_LENGTH, plain, tail


def test_escape_sequences_go() -> None:
    line = b"\x1bc\x1b[?7l\x1b[2J\x1b[0;32m  OK  \x1b[0m] \x1b]0;title\x07Finished \x1b[0;1;39mcloud-final.service"
    line += b"\x1b[0m\x1b(B."
    assert plain(line) == "  OK  ] Finished cloud-final.service."


def test_the_tail_is_printable_and_short(tmp_path: Path) -> None:
    console = tmp_path / "console.log"
    console.write_bytes(b"first\r\n\r\n" + b"\xff\x07bell\r\n" + b"y" * 1000 + b"\r\nlocalhost login: ")
    assert tail(console, lines=3) == ("\N{REPLACEMENT CHARACTER}\\x07bell", "y" * LINE_LENGTH, "localhost login:")


def test_the_tail_of_a_machine_that_never_spoke(tmp_path: Path) -> None:
    assert tail(tmp_path / "console.log") == ()


@settings(deadline=None)
@given(st.binary(max_size=500))
def test_any_tail_is_safe_for_a_terminal(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    console = tmp_path_factory.getbasetemp() / "any.log"
    console.write_bytes(content)
    assert all(line.isprintable() for line in tail(console))
