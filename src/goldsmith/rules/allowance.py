"""Findings that somebody takes as they are: a comment in the file, `# goldsmith: allow GS617 because …`.

It stands on the line of the finding, or alone on the line above.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from goldsmith.findings import Finding, GuestPlace, HostPlace, Place

ALLOW = re.compile(r"#\s*goldsmith:\s*allow\s+(GS[0-9]{3})\b[\s:,-]*(.*?)\s*$")
Spot = tuple[str, int, str]
"""File, line and code."""


def allowances(lines: Sequence[str], places: Sequence[Place]) -> dict[Spot, str]:
    """The reasons that the comments of a text give, by what they allow. `places` are those of the text's lines."""
    found: dict[Spot, str] = {}
    for number, line in enumerate(lines):
        said = ALLOW.search(line)
        if said is None:
            continue
        alone = line.lstrip().startswith("#")
        for place in places[number : number + (2 if alone else 1)]:
            match place:
                case HostPlace(file, at, _) | GuestPlace(file, at, _):
                    found[file, at, said[1]] = said[2]
    return found


def waived(findings: Iterable[Finding], allowed: Mapping[Spot, str]) -> list[Finding]:
    """The findings, those that are allowed with the reason. Without a reason none is, and the hint says so."""
    result = []
    for finding in findings:
        match finding.place:
            case HostPlace(file, line, _) | GuestPlace(file, line, _):
                reason = allowed.get((file, line, finding.code))
            case _:
                reason = None
        if reason:
            result.append(replace(finding, waived=reason))
        elif reason is not None:
            hint = f"say why behind `allow {finding.code}`: without a reason nothing is allowed"
            result.append(replace(finding, hint=hint))
        else:
            result.append(finding)
    return result
