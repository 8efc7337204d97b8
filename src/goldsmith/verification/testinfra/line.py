"""What goldsmith and a pytest that it started say to one another, over a pair of sockets.

pytest asks for commands in a clone, one at a time, and tells how each of its tests ended. Every message is one JSON
object of a bounded length; bytes are Base64.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection
from typing import Any

from goldsmith.errors import ProcessError
from goldsmith.machine.inside import OUTPUT_LIMIT, ProgramEnd

# Names the file descriptor of the line in pytest's environment.
VARIABLE = "GOLDSMITH_LINE"
# testinfra's name of the clone: a way in, and a host.
SCHEME = "goldsmith"
HOST = f"{SCHEME}://clone"
# Bytes of a message: two outputs in Base64 are the most that is said.
LONGEST = 3 * OUTPUT_LIMIT
NONSENSE = "pytest said what nobody understands"


class Came(StrEnum):
    """How a test came out. `broken`: its file could not be read, so that it never ran."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Command:
    """What the clone's /bin/sh shall run."""

    words: str


@dataclass(frozen=True, slots=True)
class Told:
    """How a test, by pytest's id of it, came out, and why in one line."""

    test: str
    came: Came
    why: str = ""


def ask(line: Connection, command: Command) -> ProgramEnd:
    """Run a command in the clone; pytest's side."""
    _say(line, {"command": command.words})
    ended = _hear(line)
    return ProgramEnd(ended["status"], b64decode(ended["stdout"]), b64decode(ended["stderr"]), ended["cut"])


def tell(line: Connection, told: Told) -> None:
    """Say how a test came out; pytest's side."""
    _say(line, {"test": told.test, "came": told.came, "why": told.why})


def hear(line: Connection) -> Command | Told:
    """What pytest says next. Raises EOFError at its end, ProcessError for what this module would not have said."""
    said = _hear(line)
    match said:
        case {"command": str(words)}:
            return Command(words)
        case {"test": str(test), "came": str(came), "why": str(why)} if came in list(Came):
            return Told(test, Came(came), why)
    raise ProcessError(NONSENSE)


def answer(line: Connection, ended: ProgramEnd) -> None:
    """How a command that pytest asked for ended."""
    outputs = {"stdout": b64encode(ended.stdout).decode("ascii"), "stderr": b64encode(ended.stderr).decode("ascii")}
    _say(line, {"status": ended.status, "cut": ended.cut, **outputs})


def _say(line: Connection, said: Mapping[str, object]) -> None:
    try:
        line.send_bytes(json.dumps(said).encode("ascii"))
    except ConnectionError as error:
        raise EOFError from error


def _hear(line: Connection) -> dict[str, Any]:
    try:
        said = json.loads(line.recv_bytes(LONGEST))
    except ConnectionError as error:
        raise EOFError from error
    except (OSError, ValueError, RecursionError) as error:
        raise ProcessError(NONSENSE) from error
    return said if isinstance(said, dict) else {}
