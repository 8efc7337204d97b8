"""The page of a verification in headless Chromium: on a screen, on paper, and when something is searched."""

from __future__ import annotations

import json
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from goldsmith.cloudinit.analyze import Span
from goldsmith.rules.circumstances import Circumstances
from goldsmith.rules.evidence import CloneEvidence, Evidence, Passage
from goldsmith.verification.report.folder import keep
from goldsmith.verification.verification import Verification
from goldsmith.verification.verify import judge_evidence

pytestmark = pytest.mark.process

RECORDED = Path(__file__).parents[2] / "unit" / "verification" / "recorded-evidence.json"
CHAIN = RECORDED.with_name("recorded-chain.json")
CONSOLE = b"""SeaBIOS (version 1.16.2)\r
[    0.000000] Linux version 6.1.0\r
a <script>document.title='owned'</script> line\r
[  104.959037] systemd-shutdown[1]: Powering off.\r
"""
Browser = Callable[..., subprocess.CompletedProcess[str]]


def analyzed(clone: CloneEvidence) -> CloneEvidence:
    """The clone with the milestones of a boot whose cloud-init.log was read, and with a module that was never there."""
    assert clone.facts is not None
    document = json.loads(CHAIN.read_text(encoding="utf-8"))
    spans = (
        *(Span(**each) for each in document["analyzed"]),
        Span("modules-final/<script>document.title=1", 74.0, 2.9),
    )
    return replace(
        clone,
        name="clone-3",
        seconds=document["seconds"],
        milestones=tuple(Passage(**each) for each in document["milestones"]),
        facts=replace(clone.facts, analyzed=spans),
    )


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    evidence = Evidence.from_json(json.loads(RECORDED.read_text(encoding="utf-8")))
    known = Circumstances(
        "2026-11-24T07:00:00+00:00", "0.1", kvm=False, why="no KVM", speed=0.2, size=1, image="base:1"
    )
    hostile = replace(evidence.clones[1], tail=(), problem='<img src="https://example.org/x.png" onerror="alert(1)">')
    evidence = replace(
        evidence, circumstances=known, clones=(evidence.clones[0], hostile, analyzed(evidence.clones[1]))
    )
    console = folder / "clone-1.console.log"
    console.write_bytes(CONSOLE)
    keep(folder / "proof", Verification(evidence, judge_evidence(evidence)), [console])
    return folder / "proof" / "index.html"


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    def look(*options: str, size: str = "1200,1600") -> subprocess.CompletedProcess[str]:
        words = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        words += [f"--user-data-dir={tmp_path / 'profile'}", "--hide-scrollbars", f"--window-size={size}"]
        words += ["--enable-logging=stderr", "--v=0", "--virtual-time-budget=2000"]
        return subprocess.run([*words, *options], capture_output=True, text=True, check=True, timeout=100, cwd=tmp_path)

    return look


def complaints(log: str) -> list[str]:
    """What the page, not the browser, complains of: scripts that failed, and what the policy refused."""
    return [line for line in log.splitlines() if "CONSOLE" in line or "Content Security Policy" in line]


def colors(png: bytes) -> int:
    """How many different rows of pixels a picture has: a blank one has one."""
    assert png.startswith(b"\x89PNG")
    at, packed, width, depth = 8, b"", 0, 0
    while at < len(png):
        length, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, depth = int.from_bytes(body[:4], "big"), {2: 3, 6: 4}[body[9]]
        if kind == b"IDAT":
            packed += body
        at += 12 + length
    rows, stride = zlib.decompress(packed), width * depth + 1
    return len({rows[start : start + stride] for start in range(0, len(rows), stride)})


@pytest.mark.parametrize("size", ["1200,1600", "420,1600"])
def test_the_page_is_drawn_and_complains_of_nothing(proof: Path, browser: Browser, tmp_path: Path, size: str) -> None:
    picture = tmp_path / "page.png"
    seen = browser(f"--screenshot={picture}", proof.as_uri(), size=size)
    assert complaints(seen.stderr) == []
    assert colors(picture.read_bytes()) > 200


def test_what_a_reader_gets_has_the_verdict_and_no_element_of_a_guest(proof: Path, browser: Browser) -> None:
    seen = browser("--dump-dom", proof.as_uri())
    assert complaints(seen.stderr) == []
    assert "Not proven: checks failed" in seen.stdout
    assert "<title>owned" not in seen.stdout
    assert "<img" not in seen.stdout
    assert "&lt;script&gt;document.title='owned'&lt;/script&gt;" in seen.stdout


def test_the_critical_chain_is_drawn(proof: Path, browser: Browser) -> None:
    seen = browser("--dump-dom", proof.as_uri())
    links = [each for each in seen.stdout.split("<g ")[1:] if each.startswith('class="link"')]
    assert len(links) == 4 + 3 + 8
    assert "<title>wait for network: 8.5 s from 72.5 s</title>" in links[2]
    assert 'class="wait"' in links[2]
    assert "&lt;script&gt;document.title=1" in "".join(links)


def test_a_search_leaves_the_lines_with_the_word(proof: Path, browser: Browser) -> None:
    dom = browser("--dump-dom", f"{proof.as_uri()}#q=powering").stdout
    lines = [each for each in dom.split("<span ") if each.startswith('class="l"')]
    assert len(lines) == 4
    assert [("hidden" in each.partition(">")[0]) for each in lines] == [True, True, True, False]
    assert "1 of 4 lines" in dom


def test_a_script_of_another_is_refused(proof: Path, browser: Browser) -> None:
    changed = proof.with_name("changed.html")
    page = proof.read_text().replace("</main>", "<script>document.title='owned'</script></main>")
    changed.write_text(page.replace("</main>", "<img src='https://example.invalid/x.png'></main>"))
    seen = browser("--dump-dom", changed.as_uri())
    assert "<title>owned" not in seen.stdout
    assert len(complaints(seen.stderr)) >= 2


def test_paper_has_the_verdict_and_every_check(proof: Path, browser: Browser, tmp_path: Path) -> None:
    paper = tmp_path / "page.pdf"
    browser("--no-pdf-header-footer", f"--print-to-pdf={paper}", proof.as_uri())
    text = subprocess.run(
        ["pdftotext", "-raw", paper, "-"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    # Columns are narrow: words are broken wherever the line ends.
    printed = "".join(text.split())
    evidence = Evidence.from_json(json.loads(proof.with_name("evidence.json").read_text()))
    assert "Notproven:checksfailed" in printed
    for outcome in judge_evidence(evidence):
        assert "".join(outcome.expected.split()) in printed
    assert "waitfornetwork-online" in printed
    assert "Filterchecks" not in printed
    assert "Poweringoff" not in printed
