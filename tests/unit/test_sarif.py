"""SARIF 2.1.0: the constraints of its schema that matter to readers, on findings of every shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema
import pytest

from goldsmith.findings import Finding, GuestPlace, HostPlace, Severity
from goldsmith.sarif import Descriptor, sarif

# Transcribed in short from the specification (sarif-v2.1.0-errata01, sections 3.13 to 3.52).
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
ESSENTIAL: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs", "$schema"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "originalUriBaseIds": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {"uri": {"type": "string", "pattern": "/$"}, "description": TEXT},
                        },
                    },
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string"},
                                                "name": {"type": "string"},
                                                "shortDescription": TEXT,
                                                "help": TEXT,
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": TEXT,
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "additionalProperties": False,
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "properties": {
                                                            "uri": {
                                                                "pattern": r"^[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+$"
                                                            }
                                                        }
                                                    },
                                                    "region": {
                                                        "properties": {
                                                            "startLine": {"type": "integer", "minimum": 1},
                                                            "startColumn": {"type": "integer", "minimum": 1},
                                                        }
                                                    },
                                                },
                                            }
                                        },
                                    },
                                },
                                "suppressions": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "required": ["kind"],
                                        "properties": {
                                            "kind": {"enum": ["inSource", "external"]},
                                            "status": {"enum": ["accepted", "underReview", "rejected"]},
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
RULES = (Descriptor("GS310", "private keys", "no key", "all of it"), Descriptor("GS999", "other", "x", "y"))
FINDINGS = (
    Finding("GS310", Severity.ERROR, "a \x1b key", GuestPlace("/srv/a b\udcff%/\n", 3, 1), "remove it"),
    Finding("GS310", Severity.WARNING, "kept", GuestPlace("/etc/x"), waived="a lab"),
    Finding("GS102", Severity.NOTE, "unknown key", HostPlace("recipes/web.yaml", 2, 5)),
    Finding("GS350", Severity.ERROR, "token is in the image", None),
    Finding("GS304", Severity.ERROR, "the root", GuestPlace("/")),
)


def log(*findings: Finding, folder: Path = Path("/srv")) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(sarif(findings, RULES, version="1.0", folder=folder)))
    return made


def results(*findings: Finding) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = log(*findings)["runs"][0]["results"]
    return found


@pytest.mark.parametrize("findings", [FINDINGS, ()], ids=["findings", "none"])
def test_the_log_keeps_the_schemas_constraints(findings: tuple[Finding, ...]) -> None:
    jsonschema.validate(log(*findings), ESSENTIAL, jsonschema.Draft7Validator)


def test_only_rules_with_findings_are_described_and_results_point_at_them() -> None:
    run = log(*FINDINGS)["runs"][0]
    assert [each["id"] for each in run["tool"]["driver"]["rules"]] == ["GS310"]
    assert [(each["ruleId"], each.get("ruleIndex")) for each in run["results"]] == [
        ("GS310", 0),
        ("GS310", 0),
        ("GS102", None),
        ("GS350", None),
        ("GS304", None),
    ]


def test_a_guest_path_comes_back_byte_by_byte() -> None:
    (location,) = results(FINDINGS[0])[0]["locations"]
    artifact = location["physicalLocation"]["artifactLocation"]
    assert artifact["uriBaseId"] == "GUEST"
    assert unquote_to_bytes(artifact["uri"]) == b"srv/a b\xff%/\n"
    assert location["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 1}


def test_a_place_on_the_host_is_relative_to_the_folder_or_absolute() -> None:
    def uri(file: str) -> str:
        made: str = results(Finding("GS102", Severity.NOTE, "x", HostPlace(file, 1, 1)))[0]["locations"][0][
            "physicalLocation"
        ]["artifactLocation"]["uri"]
        return made

    assert uri("a b.yaml") == "a%20b.yaml"
    assert uri("/srv/x/y.yaml") == "x/y.yaml"
    assert uri("/etc/x.yaml") == "file:///etc/x.yaml"


def test_messages_are_printable_and_carry_the_hint() -> None:
    assert results(FINDINGS[0])[0]["message"] == {"text": "a \\x1b key\nhint: remove it"}


def test_a_waived_finding_is_suppressed_with_its_reason() -> None:
    assert results(FINDINGS[1])[0]["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "a lab"}
    ]
    assert "suppressions" not in results(FINDINGS[0])[0]


def test_a_finding_without_a_place_has_no_location() -> None:
    assert results(FINDINGS[3])[0]["locations"] == []
