"""The page: what it says, that guest text stays text, and what a reader without eyes, mouse or network has of it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldsmith.cloudinit.analyze import Span
from goldsmith.findings import Finding, Severity, printable
from goldsmith.rules.evidence import CloneEvidence, Evidence
from goldsmith.rules.rule import Outcome, Verdict
from goldsmith.verification.report.chain import chain_of
from goldsmith.verification.report.page import PNG, render_page
from goldsmith.verification.verification import Verification

VOID = {"img", "meta", "input", "br", "line", "rect"}
RECORDED = Path(__file__).parents[1] / "recorded-evidence.json"
EVIDENCE = Evidence.from_json(json.loads(RECORDED.read_text(encoding="utf-8")))
NOWHERE = Path("/nonexistent")


class Page(HTMLParser):
    """Elements in order, and the text between them; every element has to be closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.parts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["script"], ["style"]):
            self.parts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.parts)

    def of(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


def styles(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})\b", block))


@pytest.fixture(scope="session")
def source(broken: Verification) -> str:
    return render_page(broken, NOWHERE)


@pytest.fixture(scope="session")
def page(source: str) -> Page:
    return Page(source)


def test_the_verdict_stands_on_top_in_words(proven: Verification, page: Page) -> None:
    assert page.text.index("Not proven: checks failed") < page.text.index("Checks")
    assert "Proven" in Page(render_page(proven, NOWHERE)).text


def test_it_says_what_proved_what(page: Page) -> None:
    assert "2 by a machine, 1 by a rehearsal, which proves neither boot loader, kernel, initramfs nor udev" in page.text


def test_it_says_what_each_machine_was_made_of(page: Page) -> None:
    machines = page.text[page.text.index("Made of") :]
    for made in ("x86_64 q35, 2048 MiB, 1 of max, disk virtio, network none, TPM", "unknown", "none"):
        assert made in machines


def test_every_outcome_that_is_no_pass_is_there_with_its_words(broken: Verification, page: Page) -> None:
    bad = [outcome for outcome in broken.outcomes if outcome.verdict is not Verdict.PASS]
    assert len(bad) > 3
    for outcome in bad:
        assert outcome.message in page.text
        assert outcome.rule in page.text
        assert outcome.expected in page.text


def test_what_is_unproven_for_one_reason_is_told_once(page: Page) -> None:
    assert page.text.count("the clone's disk proves nothing: no progress for 120 s") == 1


def test_a_check_leads_to_its_explanation(page: Page) -> None:
    targets = {each["id"] for _, each in page.elements if "id" in each}
    links = [each["href"] or "" for each in page.of("a")]
    inner = {link[1:] for link in links if link.startswith("#")}
    assert "rule-GS401" in inner
    assert inner - targets == set()


def test_a_boot_that_did_not_end_is_not_compared_with_the_prediction(page: Page) -> None:
    assert page.text.count("as predicted") == 2
    assert page.text.count("not compared") == 1


def test_it_says_how_to_verify_again(page: Page) -> None:
    assert "goldsmith verify debian12-base:1.0 --recipe 'my recipe.yaml'" in page.text


def test_evidence_without_circumstances_has_a_page_too() -> None:
    assert "does not say where it was gathered" in Page(render_page(Verification(EVIDENCE, ()), NOWHERE)).text


def test_it_needs_nothing_from_elsewhere(source: str, page: Page) -> None:
    assert page.of("link", "img", "iframe", "object", "base") == []
    assert not re.search(r"https?://|@import|url\(", source)
    assert {each["href"] for each in page.of("a") if not (each["href"] or "").startswith("#")} == {
        "evidence.json",
        "junit.xml",
        "milestones.jsonl",
    }


def test_its_policy_allows_its_own_script_and_no_other(source: str, page: Page) -> None:
    (policy,) = (each["content"] or "" for each in page.of("meta") if "http-equiv" in each)
    (script,) = re.findall(r"<script>(.*?)</script>", source, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert re.findall(r"script-src ([^;]+)", policy) == [f"'sha256-{digest}'"]


def test_a_screen_reader_finds_its_way(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))
    assert {"header", "main", "nav", "footer"} <= {tag for tag, _ in page.elements}
    assert all(each.get("scope") in {"row", "col"} for each in page.of("th"))
    labelled = {each["for"] for each in page.of("label")}
    assert all(each["id"] in labelled for each in page.of("input"))
    assert page.of("html") == [{"lang": "en"}]
    ids = [each["id"] for _, each in page.elements if "id" in each]
    assert len(ids) == len(set(ids))
    named = {word for _, each in page.elements for word in (each.get("aria-labelledby") or "").split()}
    assert named - set(ids) == set()


def test_the_drawing_is_there_as_words_and_numbers_too(page: Page, broken: Verification) -> None:
    (drawing,) = page.of("svg")
    assert drawing["role"] == "img"
    assert {"title", "desc"} <= {tag for tag, _ in page.elements}
    assert "The same as a table" in page.text
    rows = sum(len(clone.milestones) for clone in broken.clones)
    assert len(page.of("rect")) == rows


@pytest.mark.parametrize("where", ["light", "dark", "print"])
def test_contrast_is_at_least_four_and_a_half(source: str, where: str) -> None:
    light, *later = re.findall(r":root \{(.*?)\}", source, re.DOTALL)
    colors = styles({"light": light, "dark": later[0], "print": later[1]}[where])
    for panel in ("paper", "panel"):
        for ink in ("ink", "soft", "link"):
            assert contrast(colors[ink], colors[panel]) >= 4.5, (ink, panel)
    for word in ("pass", "fail", "unproven"):
        assert contrast(colors[word], colors["paper"]) >= 4.5, word
        assert contrast(colors[word], colors[f"{word}-panel"]) >= 4.5, word
    for phase in ("machine", "kernel", "init", "cloud", "ready"):
        assert contrast(colors[phase], colors["paper"]) >= 2.9, phase


def contrast(one: str, other: str) -> float:
    """As WCAG 2 computes it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(each * 2 for each in color[1:])
    channels = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def hostile(text: str) -> Verification:
    clone = EVIDENCE.clones[0]
    assert clone.facts is not None
    facts = replace(clone.facts, machine_id=text, packages=(text,), cloud_log=(text,))
    key = replace(clone.facts.host_keys[0], name=text, fingerprint=text)
    first = replace(clone, facts=replace(facts, host_keys=(key,)), problem=text, unreadable=text, console=text)
    prediction = replace(EVIDENCE.prediction, default_user=text, problems=(text,), fatal=text)
    finding = Finding("GS401", Severity.ERROR, text, hint=text)
    outcome = Outcome("GS401", f"{clone.name}: {text}", Verdict.FAIL, text, text, text, finding)
    other = replace(outcome, subject=text, verdict=Verdict.UNPROVEN)
    evidence = replace(EVIDENCE, clones=(first, EVIDENCE.clones[1]), prediction=prediction)
    return Verification(evidence, (outcome, other))


def tags(verification: Verification) -> Iterator[tuple[str, tuple[str, ...]]]:
    for tag, attributes in Page(render_page(verification, NOWHERE)).elements:
        yield tag, tuple(sorted(attributes))


FRAGMENTS = [
    "<b>",
    "</td>",
    "</title>",
    "<script>",
    "</style>",
    "<!--",
    "]]>",
    "&lt;",
    "&",
    '"',
    "'",
    " x='",
    "=",
    "{{",
]
PLAIN = list(tags(hostile("word")))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), min_size=1, max_size=6).map("".join))
def test_text_of_a_guest_adds_no_element_and_no_attribute(text: str) -> None:
    # What has a colon and a blank, or repeats a name, is another part of a clone.
    word = "x" + re.sub(r"[:\s]", "_", text)
    assert list(tags(hostile(word))) == PLAIN


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "]]>",
        "</style></script>",
        "\x1b[31mred",
        "\u202egnp.exe",
        "a\x00b",
        "\udcff",
        "{{ 7 * 7 }}",
        "javascript:alert(1)",
        '" onload="x',
    ],
)
def test_hostile_text_is_shown_as_it_is(text: str) -> None:
    page = render_page(hostile(text), NOWHERE)
    assert printable(text) in Page(page).text
    assert page.encode("utf-8")
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_a_long_text_is_cut() -> None:
    assert len(render_page(hostile("x" * 1_000_000), NOWHERE)) < 200_000


def test_consoles_are_shown_line_by_line(proven: Verification, tmp_path: Path) -> None:
    (tmp_path / "clone-1.console.log").write_bytes(b"first\r\n\x1b[1m<b>second\xff\x1b[0m\r\n")
    page = Page(render_page(proven, tmp_path))
    assert "first<b>second" in page.text
    assert [each["data-n"] for each in page.of("span") if each.get("class") == "l"] == ["1", "2"]
    assert page.text.count("There is no console log beside this page.") == 1


def test_a_page_stays_below_two_mebibytes(proven: Verification, tmp_path: Path) -> None:
    for clone in proven.clones:
        (tmp_path / clone.console).write_bytes(b"<&>'\" \xff\n" * 3_000_000)
    page = render_page(proven, tmp_path)
    assert len(page.encode()) < 2 << 20
    assert "left out here" in page


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "link"])
def test_only_a_plain_file_of_the_folder_is_read(proven: Verification, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "proof"
    folder.mkdir()
    (tmp_path / "secret").write_text("not to be shown")
    (folder / "link").symlink_to(tmp_path / "secret")
    clone = replace(proven.clones[0], console=name)
    evidence = replace(proven.evidence, clones=(clone,))
    assert "There is no console log beside this page." in render_page(Verification(evidence, ()), folder)


def test_the_screen_of_a_silent_machine_is_on_the_page(proven: Verification, tmp_path: Path) -> None:
    clone = replace(proven.clones[0], screenshot="clone-1.screenshot.png")
    stuck = Verification(replace(proven.evidence, clones=(clone,)), ())
    assert Page(render_page(stuck, tmp_path)).of("img") == []
    (tmp_path / "clone-1.screenshot.png").write_bytes(PNG + b"pixels")
    (shown,) = Page(render_page(stuck, tmp_path)).of("img")
    assert shown["src"] == f"data:image/png;base64,{base64.b64encode(PNG + b'pixels').decode()}"
    assert "clone-1" in (shown["alt"] or "")
    (tmp_path / "clone-1.screenshot.png").write_bytes(b"<svg onload='x'/>")
    assert Page(render_page(stuck, tmp_path)).of("img") == []


def test_the_critical_chain_is_told_in_its_order(proven: Verification, analyzed: CloneEvidence) -> None:
    source = render_page(with_clones(proven, analyzed), NOWHERE)
    told = re.findall(r'<tr class="(?:stage|wait|part)"><th.*?</th><td>.*?</td><td>(.*?)</td>', source)
    assert told == [link.name for link in chain_of(analyzed)]
    assert told[:4] == ["init-local", "init-local/search-NoCloud", "wait for network", "init-network"]
    assert len([each for each in Page(source).of("g") if each.get("class") == "link"]) == len(told)
    assert "<title>wait for network: 8.5 s from 72.5 s</title>" in source
    assert "What cloud-init took, by its own clock" not in source


def test_a_chain_that_has_no_place_is_told_and_not_drawn(proven: Verification, analyzed: CloneEvidence) -> None:
    page = Page(render_page(with_clones(proven, replace(analyzed, milestones=())), NOWHERE))
    assert "unknown" in page.text
    assert page.of("g") == []


def test_hostile_names_of_modules_stay_text(proven: Verification, analyzed: CloneEvidence) -> None:
    assert analyzed.facts is not None
    words = ("<script>alert(1)", ']]>"><b>', "\x1b[31m", "x" * 5000)
    spans = [Span(f"modules-final/{word}", 74.0, 2.0) for word in words]
    hostile = replace(analyzed, facts=replace(analyzed.facts, analyzed=(*analyzed.facts.analyzed, *spans)))
    source = render_page(with_clones(proven, hostile), NOWHERE)
    page = Page(source)
    assert page.of("b") == []
    assert len(page.of("script")) == 1
    assert "\x1b" not in source
    assert page.text.count("modules-final/<script>alert(1)") == 2
    assert source.count("x" * 1000) == 0


def with_clones(verification: Verification, *clones: CloneEvidence) -> Verification:
    return Verification(replace(verification.evidence, clones=clones), ())
