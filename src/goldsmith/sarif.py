"""Findings as SARIF 2.1.0 (OASIS), which code hosts and editors show beside the lines that they are about.

A place on the host is a file relative to the working folder, where it lies in it; a place in a guest is a path relative
to the base `GUEST`, percent-encoded byte by byte.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from goldsmith.findings import Finding, GuestPlace, HostPlace, Place, Severity, printable

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
GUEST = "GUEST"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A rule as SARIF shows it: its code, a name, one sentence of what holds, and the whole explanation."""

    code: str
    name: str
    holds: str
    help: str


def sarif(findings: Sequence[Finding], rules: Iterable[Descriptor], *, version: str, folder: Path) -> dict[str, object]:
    """The log of one run. Only rules that a finding has are described; waived findings are suppressed, with the reason.

    `version` is goldsmith's own; host places below `folder` are written relative to it.
    """
    told = {finding.code for finding in findings}
    described = [each for each in rules if each.code in told]
    numbers = {each.code: number for number, each in enumerate(described)}
    driver: dict[str, object] = {
        "name": "goldsmith",
        "version": version,
        "rules": [_descriptor(each) for each in described],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {GUEST: {"description": {"text": "The root of the guest's file tree."}}},
        "results": [_result(finding, numbers.get(finding.code), folder) for finding in findings],
    }
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def _descriptor(rule: Descriptor) -> dict[str, object]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.holds},
        "help": {"text": rule.help},
    }


def _result(finding: Finding, number: int | None, folder: Path) -> dict[str, object]:
    hint = f"\nhint: {finding.hint}" if finding.hint else ""
    shown: dict[str, object] = {
        "ruleId": finding.code,
        "level": LEVELS[finding.severity],
        "message": {"text": printable(finding.message) + hint},
        "locations": _locations(finding.place, folder),
    }
    if number is not None:
        shown["ruleIndex"] = number
    if finding.waived is not None:
        shown["suppressions"] = [{"kind": "external", "status": "accepted", "justification": printable(finding.waived)}]
    return shown


def _locations(place: Place, folder: Path) -> list[dict[str, object]]:
    match place:
        case HostPlace():
            artifact: dict[str, object] = {"uri": _host_uri(Path(place.file), folder)}
        case GuestPlace():
            path = place.path.encode("utf-8", "surrogateescape").lstrip(b"/")
            artifact = {"uri": quote(path) or ".", "uriBaseId": GUEST}
        case None:
            return []
    physical: dict[str, object] = {"artifactLocation": artifact}
    if place.line:
        physical["region"] = {"startLine": place.line, "startColumn": max(place.column, 1)}
    return [{"physicalLocation": physical}]


def _host_uri(path: Path, folder: Path) -> str:
    """Relative where the file lies below the folder, as code hosts want it; else absolute."""
    whole = Path(os.path.normpath(folder / path))
    if whole.is_relative_to(folder):
        return quote(os.fsencode(whole.relative_to(folder)))
    return "file://" + quote(os.fsencode(whole))
