"""What the documents say about the code, compared with the code."""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from pathlib import Path

import pytest

from goldsmith import errors
from goldsmith.base.source import registered
from goldsmith.base.trust import Trust, TrustLevel
from goldsmith.cli.progress import Progress
from goldsmith.cli.reference import pages
from goldsmith.events import StepFinished
from goldsmith.guest.open import DISK_ENGINES
from goldsmith.pipeline.build import build
from goldsmith.pipeline.shape import shape

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "goldsmith"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
ADR = ROOT / "docs" / "adr"
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(name: str, title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", text(name), re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no section {title}"
    return found[1]


def first_cells(table: str) -> list[list[str]]:
    """The names in the first cell of each row of a table, without its head. A bar in a cell is escaped."""
    rows = [re.split(r"(?<!\\)\|", line)[1] for line in table.splitlines() if line.startswith("|")][2:]
    return [re.findall(r"`([^`]+)`", cell) for cell in rows]


def slug(heading: str) -> str:
    """The anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_architecture_draws_the_layers_in_the_order_that_is_enforced() -> None:
    contract = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"][0]
    assert first_cells(section("ARCHITECTURE.md", "The layers").partition("\n\nA layer is")[0]) == [
        layer.split(" | ") for layer in contract["layers"]
    ]


def test_architecture_names_every_module_and_none_that_is_not_there() -> None:
    named = {
        name
        for row in first_cells(section("ARCHITECTURE.md", "The layers").partition("\n\nA layer is")[0])
        for name in row
    }
    there = {
        path.stem
        for path in PACKAGE.iterdir()
        if path.stem not in {"__init__", "__pycache__"} and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert named == there


def test_architecture_names_every_folder_of_implementations() -> None:
    """A folder whose package imports whatever lies in it is one that a new file is enough for."""
    named = set(re.findall(r"\| `([a-z/]+/)` \|", text("ARCHITECTURE.md")))
    registering = {
        f"{path.parent.relative_to(PACKAGE)}/"
        for path in PACKAGE.glob("*/*/__init__.py")
        if "pkgutil" in path.read_text(encoding="utf-8")
    }
    assert registering - named == set()
    assert [folder for folder in named if not (PACKAGE / folder).is_dir()] == []


@each_document
def test_every_path_that_is_named_is_there(document: Path) -> None:
    """A span such as `guest/worker/mounted.py` or `tests/golden/` begins at the top, or in the package."""
    prose = document.read_text(encoding="utf-8")
    if document in {ROOT / page for page in pages()}:
        return
    named = re.findall(
        r"`((?:\./)?[a-z_0-9]+(?:/[A-Za-z_0-9.]+)*(?:/|\.(?:py|md|toml|yaml|json)|(?<=scripts/)\w+))`", prose
    )
    written_by_us = {"evidence.json", "schema.json"}
    missing = [
        path
        for path in named
        if path not in written_by_us
        and "NAME" not in path
        and not (ROOT / path).exists()
        and not (PACKAGE / path).exists()
    ]
    assert missing == []


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        page = (document.parent / name).resolve() if name else document
        assert page.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, target


def test_the_list_of_decisions_is_complete() -> None:
    decisions = sorted(path for path in ADR.glob("*.md") if path.name != "README.md")
    titles = [path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for path in decisions]
    assert re.findall(r"^- \[(.+)\]\((.+)\)$", (ADR / "README.md").read_text(encoding="utf-8"), re.MULTILINE) == [
        (title, path.name) for title, path in zip(titles, decisions, strict=True)
    ]
    assert [title[:4] for title in titles] == [f"{number:04}" for number in range(1, len(titles) + 1)]
    assert [path.name[:4] for path in decisions] == [title[:4] for title in titles]


@pytest.mark.parametrize("decision", sorted(ADR.glob("0*.md")), ids=lambda path: path.stem)
def test_a_decision_says_why_what_and_what_follows(decision: Path) -> None:
    parts = re.findall(r"^\*\*(\w+)\.\*\*", decision.read_text(encoding="utf-8"), re.MULTILINE)
    assert [part for part in parts if part != "Measured"] == ["Context", "Choice", "Consequence"]


@pytest.mark.parametrize("page", pages(), ids=str)
def test_generated_pages_are_what_the_registries_say(page: Path) -> None:
    assert text(str(page)) == pages()[page], "stale: run `python -m goldsmith.cli.reference`"


def test_every_page_of_the_reference_is_generated_or_compared_elsewhere() -> None:
    there = {path.relative_to(ROOT) for path in (ROOT / "docs" / "reference").iterdir()}
    assert there - set(pages()) == {Path("docs/reference/json.md")}


def test_the_examples_for_contributors_stand_in_the_files_that_are_named() -> None:
    shown = re.findall(r"`(src/goldsmith/\S+\.py)`:\n\n```python\n(.*?)```", text("CONTRIBUTING.md"), re.DOTALL)
    assert len(shown) == text("CONTRIBUTING.md").count("```python")
    assert [path for path, code in shown if code not in text(path)] == []


def test_the_front_page_shows_the_steps_of_a_build() -> None:
    shown = re.findall(r"^  ✓ (\w+)", text("README.md"), re.MULTILINE)
    code = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "pipeline" / "steps").glob("*.py"))
    functions = dict(re.findall(r'^@step\("(\w+)"\)\ndef (\w+)', code, re.MULTILINE)) | {"open": "opened"}
    del functions["compare"]  # of --rebuild alone
    story = inspect.getsource(build).replace("shape(emit", inspect.getsource(shape), 1)

    def place(step: str) -> int:
        called = re.search(rf"\b{functions[step]}[(,]\s*emit\b", story)
        assert called, step
        return called.start()

    assert shown == sorted(functions, key=place)


def test_the_front_page_shows_progress_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress.on(sys.stderr) as progress:
        progress.show(StepFinished("admit", 0.0, "debian12-base-v1.0.qcow2"))
    assert capsys.readouterr().err in text("README.md")


def test_the_front_page_tells_every_exit_code() -> None:
    numbers = re.findall(r"^\| ([\d, ]+) \|", section("README.md", "Exit codes"), re.MULTILINE)
    raised = {kind.exit_code for _, kind in inspect.getmembers(errors, inspect.isclass) if hasattr(kind, "exit_code")}
    assert {int(number) for row in numbers for number in row.split(",")} == raised | {0}


def test_the_table_of_trust_is_true() -> None:
    table = section("SECURITY.md", "What is trusted")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("|")][2:]
    told = {re.findall(r"`(\w+)", row[1])[0]: row[2] for row in rows}
    assert set(told) == set(TrustLevel) - {TrustLevel.SIGNED}
    for level, answer in told.items():
        assert Trust(TrustLevel(level)).lets_the_host_mount == (answer == "yes")
    assert "bootstrap" in registered()
    assert set(DISK_ENGINES) == {"mount", "guestfs"}
