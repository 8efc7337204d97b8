"""Findings: what lint and audit say about a place, in one shape for people and machines."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is. Only `error` changes an exit code."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class HostPlace:
    """A place in a file on the host; line and column are 1-based."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def as_json(self) -> dict[str, object]:
        return {"file": self.file, "line": self.line, "column": self.column}


@dataclass(frozen=True, slots=True)
class GuestPlace:
    """A path in the guest; undecodable bytes are carried as surrogate escapes.

    `line` and `column` are 1-based, and 0 where the whole file is meant.
    """

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return printable(self.path) + (f":{self.line}:{self.column}" if self.line else "")

    def as_json(self) -> dict[str, object]:
        shown: dict[str, object] = {"path": printable(self.path)}
        if shown["path"] != self.path:
            shown["path_b64"] = base64.b64encode(self.path.encode("utf-8", "surrogateescape")).decode("ascii")
        if self.line:
            shown |= {"line": self.line, "column": self.column}
        return shown


Place = HostPlace | GuestPlace | None


@dataclass(frozen=True, slots=True)
class TextEdit:
    """A repair of one line of a file on the host: `old`, which stands at the place, becomes `new`."""

    place: HostPlace
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: its rule's code, how bad it is, where, and what to do. `repair` is given only where it is safe.

    `waived` is the reason for which somebody takes it as it is: it is still told, and changes no exit code.
    """

    code: str
    severity: Severity
    message: str
    place: Place = None
    hint: str | None = None
    subject: str = ""
    repair: TextEdit | None = None
    waived: str | None = None

    def as_json(self) -> dict[str, object]:
        shown: dict[str, object] = {
            "code": self.code,
            "severity": self.severity.value,
            "subject": self.subject,
            "message": self.message,
            "hint": self.hint,
            "place": self.place.as_json() if self.place is not None else None,
        }
        return shown | ({"waived": self.waived} if self.waived is not None else {})


def tally(errors: int, others: int) -> str:
    """How much was found, in words; `others` are warnings and notes."""
    serious = "1 error" if errors == 1 else f"{errors} errors"
    return f"{serious}, 1 warning or note" if others == 1 else f"{serious}, {others} warnings and notes"


def printable(text: str) -> str:
    """Text from a guest, safe for a terminal: control characters and undecodable bytes as backslash escapes."""
    return "".join(_escape(character) for character in text)


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
