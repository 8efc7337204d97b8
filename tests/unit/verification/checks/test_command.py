"""What a command's end says about what a recipe asks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from goldsmith.errors import ProcessError
from goldsmith.machine.inside import ProgramEnd
from goldsmith.recipe.check import CommandCheck, TextWanted
from goldsmith.rules.check_result import LONGEST, Sight
from goldsmith.verification.check import Live, look_live

ACTIVE = CommandCheck("is-active", ("is-active",), stdout=TextWanted(equals="active"))


class ScriptedInside:
    def __init__(self, end: ProgramEnd | ProcessError) -> None:
        self._end = end
        self.ran: list[tuple[tuple[str, ...], float]] = []

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float) -> ProgramEnd:
        self.ran.append((tuple(argv), timeout))
        if isinstance(self._end, ProcessError):
            raise self._end
        return self._end


@pytest.mark.parametrize(
    ("end", "sight", "seen", "message"),
    [
        (ProgramEnd(0, b"active\n", b""), Sight.AS_ASKED, "exit code 0, active", ""),
        (ProgramEnd(3, b"active\n", b""), Sight.OTHERWISE, "exit code 3, active", "it ended with 3, not 0"),
        (ProgramEnd(0, b"inactive\n", b""), Sight.OTHERWISE, "exit code 0, inactive", "its output is another text"),
        (
            ProgramEnd(127, b"", b"sh: \x1b[31mnot found\n"),
            Sight.OTHERWISE,
            "exit code 127, sh: \\x1b[31mnot found",
            "it ended with 127, not 0, its output is another text",
        ),
        (ProgramEnd(None, b"", b""), Sight.OTHERWISE, "still running", "it did not end in time"),
        (ProgramEnd(None, b"half", b""), Sight.OTHERWISE, "still running: half", "it did not end in time"),
        (ProgramEnd(0, b"x" * 9, b"", cut=True), Sight.NOT_SEEN, "", "it printed more than is kept"),
        (ProgramEnd(1, b"active", b"", cut=True), Sight.OTHERWISE, "exit code 1, active", "it ended with 1, not 0"),
        (ProcessError("nobody answers"), Sight.NOT_SEEN, "", "nobody answers"),
    ],
)
def test_an_end(end: ProgramEnd | ProcessError, sight: Sight, seen: str, message: str) -> None:
    (result,) = look_live(ACTIVE, Live(ScriptedInside(end)))
    assert (result.sight, result.seen, result.message) == (sight, seen, message)


def test_a_slow_host_gives_it_more_time_and_another_user_runs_it_by_runuser() -> None:
    inside = ScriptedInside(ProgramEnd(0, b"", b""))
    list(look_live(CommandCheck("id", ("id", "-u"), timeout=30.0), Live(inside, speed=0.1)))
    list(look_live(CommandCheck("id", ("id", "-u"), "admin", timeout=30.0), Live(inside)))
    assert inside.ran == [
        (("id", "-u"), 300.0),
        (("runuser", "-s", "/bin/sh", "-c", 'exec "$0" "$@"', "--", "admin", "id", "-u"), 30.0),
    ]


def test_what_is_kept_of_a_flood_is_short() -> None:
    (result,) = look_live(CommandCheck("x", ("x",)), Live(ScriptedInside(ProgramEnd(0, b"\x00" * 10_000, b""))))
    assert len(result.seen) == LONGEST
