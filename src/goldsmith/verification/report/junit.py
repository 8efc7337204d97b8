"""JUnit XML, as CI systems read it: a suite for each clone, and one about all clones together.

An unproven outcome is an `<error>`: systems show a skipped test as good, and an image that nothing looked at is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from goldsmith.findings import printable
from goldsmith.rules.evidence import CloneEvidence
from goldsmith.rules.rule import Outcome, Verdict
from goldsmith.verification.report.names import rule_name, subject_of
from goldsmith.verification.verification import Verification

# Characters: systems refuse or cut long texts.
TEXT_LIMIT = 4000
TOGETHER = "clones"


def junit(verification: Verification) -> str:
    """The document, in the shape that Jenkins and GitLab read. Times are seconds: a suite's is that of its boot."""
    circumstances = verification.evidence.circumstances
    whole = ET.Element("testsuites", {"name": "goldsmith verify"} | _counts(verification.outcomes))
    whole.set("time", f"{sum(max(0.0, clone.seconds) for clone in verification.clones):.3f}")
    by_subject: dict[str, list[Outcome]] = {clone.name: [] for clone in verification.clones}
    for outcome in verification.outcomes:
        by_subject.setdefault(subject_of(outcome) or TOGETHER, []).append(outcome)
    clones = {clone.name: clone for clone in verification.clones}
    for name, outcomes in by_subject.items():
        suite = ET.SubElement(whole, "testsuite", {"name": _text(name)} | _counts(outcomes))
        clone = clones.get(name)
        suite.set("time", f"{max(0.0, clone.seconds) if clone else 0.0:.3f}")
        if circumstances is not None:
            suite.set("timestamp", _text(circumstances.created.removesuffix("Z").partition("+")[0]))
        if clone is not None:
            _properties(suite, _about(clone))
        _cases(suite, name, outcomes)
        if clone is not None and clone.tail:
            lines = "\n".join(printable(line) for line in clone.tail)
            ET.SubElement(suite, "system-out").text = lines[-TEXT_LIMIT:]
    ET.indent(whole)
    return ET.tostring(whole, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
    )


def _counts(outcomes: Sequence[Outcome]) -> dict[str, str]:
    said = Counter(outcome.verdict for outcome in outcomes)
    return {
        "tests": str(len(outcomes)),
        "failures": str(said[Verdict.FAIL]),
        "errors": str(said[Verdict.UNPROVEN]),
        "skipped": "0",
    }


def _about(clone: CloneEvidence) -> Mapping[str, str]:
    return {
        "driver": clone.driver,
        "proved-by": "machine" if clone.hardware else "rehearsal",
        "firmware": clone.firmware.value if clone.hardware else "none",
        "machine": str(clone.machine) if clone.machine is not None else "none",
        "seed": clone.seed.value,
    }


def _properties(suite: ET.Element, values: Mapping[str, str]) -> None:
    properties = ET.SubElement(suite, "properties")
    for name, value in values.items():
        ET.SubElement(properties, "property", {"name": name, "value": _text(value)})


def _cases(suite: ET.Element, name: str, outcomes: Sequence[Outcome]) -> None:
    seen: Counter[str] = Counter()
    for outcome in outcomes:
        about = outcome.subject.partition(": ")[2]
        title = f"{outcome.rule} {rule_name(outcome.rule)}".rstrip() + (f": {about}" if about else "")
        seen[title] += 1
        # Systems know a test by its name: two of one name would be one.
        unique = title if seen[title] == 1 else f"{title} ({seen[title]})"
        case = ET.SubElement(suite, "testcase", {"classname": _text(f"goldsmith.{name}"), "name": _text(unique)})
        case.set("time", "0")
        if outcome.verdict is Verdict.PASS:
            continue
        kind = "failure" if outcome.verdict is Verdict.FAIL else "error"
        said = outcome.message or f"expected {outcome.expected}, seen {outcome.seen}"
        problem = ET.SubElement(case, kind, {"message": _text(said), "type": outcome.rule})
        lines = [f"expected: {_text(outcome.expected)}", f"seen: {_text(outcome.seen) or 'nothing'}"]
        if outcome.finding is not None and outcome.finding.hint:
            lines.append(f"hint: {_text(outcome.finding.hint)}")
        problem.text = "\n".join(lines)


def _text(text: str) -> str:
    """Printable, so that nothing is in it that XML 1.0 forbids, and not longer than systems take."""
    shown = printable(text[: TEXT_LIMIT + 1])
    return shown if len(shown) <= TEXT_LIMIT else f"{shown[: TEXT_LIMIT - 1]}…"
