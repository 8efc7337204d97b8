"""JUnit XML: what CI systems count, and that nothing from a guest breaks it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from goldsmith.rules.evidence import Evidence
from goldsmith.rules.rule import Outcome, Verdict
from goldsmith.verification.report.junit import junit
from goldsmith.verification.verification import Verification

# The shape that Jenkins and GitLab take: each element's attributes, those that have to be there first, and children.
SHAPE = {
    "testsuites": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time"},
        {"properties", "testcase", "system-out"},
    ),
    "properties": (set[str](), {"property"}),
    "property": ({"name", "value"}, set[str]()),
    "testcase": ({"name", "classname", "time"}, {"failure", "error"}),
    "failure": ({"message", "type"}, set[str]()),
    "error": ({"message", "type"}, set[str]()),
    "system-out": (set[str](), set[str]()),
}


def require_shape(element: ET.Element) -> None:
    attributes, children = SHAPE[element.tag]
    assert set(element.attrib) - {"timestamp"} == attributes, element.tag
    for child in element:
        assert child.tag in children
        require_shape(child)


def counted(document: ET.Element) -> Counter[str]:
    cases = [case[0].tag if len(case) else "pass" for case in document.iter("testcase")]
    return Counter(cases)


def test_a_document_has_the_shape_that_ci_systems_read(broken: Verification) -> None:
    require_shape(ET.fromstring(junit(broken)))


def test_every_outcome_is_counted_once(broken: Verification) -> None:
    document = ET.fromstring(junit(broken))
    verdicts = Counter(outcome.verdict for outcome in broken.outcomes)
    assert min(verdicts.values()) > 0
    assert counted(document) == {
        "pass": verdicts[Verdict.PASS],
        "failure": verdicts[Verdict.FAIL],
        "error": verdicts[Verdict.UNPROVEN],
    }
    for name in ("tests", "failures", "errors"):
        assert int(document.attrib[name]) == sum(int(suite.attrib[name]) for suite in document)
    assert int(document.attrib["tests"]) == len(broken.outcomes)


def test_a_suite_is_a_clone_and_one_is_all_of_them(broken: Verification) -> None:
    suites = {suite.attrib["name"]: suite for suite in ET.fromstring(junit(broken))}
    assert set(suites) == {"clone-1", "clone-2", "clone-3", "clones"}
    assert suites["clone-1"].attrib["time"] == f"{broken.clones[0].seconds:.3f}"
    assert "Detaching loop devices" in (suites["clone-1"].findtext("system-out") or "")
    about = [
        {each.attrib["name"]: each.attrib["value"] for each in suites[name].iter("property")}
        for name in ("clone-1", "clone-3")
    ]
    assert about[0]["machine"].startswith("x86_64 q35, 2048 MiB, ")
    assert (about[1]["proved-by"], about[1]["machine"]) == ("rehearsal", "none")


def test_a_failure_says_what_was_expected_and_seen(broken: Verification) -> None:
    failed = next(outcome for outcome in broken.outcomes if outcome.rule == "GS506")
    case = next(each for each in ET.fromstring(junit(broken)).iter("testcase") if "GS506" in each.attrib["name"])
    assert case[0].attrib["message"] == failed.message
    assert (case[0].text or "").splitlines()[:2] == [f"expected: {failed.expected}", f"seen: {failed.seen}"]


def test_no_two_cases_of_a_suite_have_the_same_name(recorded: Evidence) -> None:
    twice = Outcome("GS401", "clone-1", Verdict.PASS, "x", "x")
    suite = ET.fromstring(junit(Verification(recorded, (twice, twice))))[0]
    assert [case.attrib["name"] for case in suite.iter("testcase")] == ["GS401 boot", "GS401 boot (2)"]


@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()))
def test_text_of_a_guest_breaks_no_document(said: str, line: str) -> None:
    document = ET.fromstring(hostile(said, line))
    require_shape(document)
    assert counted(document) == {"failure": 1}


def hostile(said: str, line: str) -> str:
    outcome = Outcome("GS401", f"clone-1: {said}", Verdict.FAIL, said, said, said)
    clone = replace(_EVIDENCE.clones[0], tail=(line, "]]>", "\x1b[31m\x00\ufffe\udc80"))
    return junit(Verification(replace(_EVIDENCE, clones=(clone,)), (outcome,))).encode("utf-8").decode()


def _recorded() -> Evidence:
    import json  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    path = Path(__file__).parents[1] / "recorded-evidence.json"
    return Evidence.from_json(json.loads(path.read_text(encoding="utf-8")))


_EVIDENCE = _recorded()
