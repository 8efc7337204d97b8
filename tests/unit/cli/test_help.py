"""What `--help` says, and whether the command lines that we show would be understood."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from goldsmith import errors
from goldsmith.cli.main import app

ROOT = Path(__file__).parents[3]
WHOLE = typer.main.get_group(app)
VERBS = WHOLE.commands
DOCUMENTS = sorted(
    path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.yaml")] if path.is_file()
)
SCRIPTS = sorted(path for path in ROOT.glob("scripts/*") if path.is_file())
SOURCES = sorted(ROOT.glob("src/goldsmith/**/*.py"))


def understood(line: str) -> None:
    """Parse a command line as far as its verb would be called."""
    program, *words = shlex.split(line, comments=True)
    assert Path(program).name == "goldsmith"
    if words and words[0] in VERBS:
        # Raises UsageError where it is not understood.
        VERBS[words[0]].make_context(words[0], words[1:])
    else:
        assert words in (["--help"], ["--version"]), line


def named(span: str) -> None:
    """A command in running text may leave things out: its verb and its options exist."""
    program, verb, *words = shlex.split(span.replace("'", ""))
    assert program == "goldsmith"
    if verb.isupper():
        return
    assert verb in VERBS or verb in {"--help", "--version"}, span
    known = {name for parameter in VERBS[verb].params for name in parameter.opts} if verb in VERBS else set()
    assert [word for word in words if word.startswith("-") and word not in {*known, "--help"}] == [], span


def examples(verb: str) -> list[str]:
    said = inspect.getdoc(VERBS[verb].callback) or ""
    return [line.strip() for line in said.partition("Examples:")[2].splitlines() if line.strip()]


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")


def shown(*words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_examples_that_are_understood(verb: str) -> None:
    lines = examples(verb)
    assert len(lines) >= 2
    for line in lines:
        assert line.startswith(f"goldsmith {verb}")
        understood(line)


@pytest.mark.parametrize("line", ["goldsmith bild r.yaml", "goldsmith build", "goldsmith build r.yaml --fast"])
def test_a_wrong_example_would_be_noticed(line: str) -> None:
    with pytest.raises((AssertionError, Exception), match=r"bild|Missing|No such option"):
        understood(line)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.usefixtures("wide")
def test_examples_are_shown_one_a_line(verb: str) -> None:
    said = [line.strip() for line in shown(verb).splitlines()]
    assert [line for line in examples(verb) if line not in said] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_and_argument_is_explained(verb: str) -> None:
    assert [parameter.name for parameter in VERBS[verb].params if not getattr(parameter, "help", "")] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_json(verb: str) -> None:
    assert "--json" in {name for parameter in VERBS[verb].params for name in parameter.opts}


@pytest.mark.usefixtures("wide")
def test_the_list_of_verbs_cuts_no_sentence() -> None:
    assert "..." not in shown().partition("Commands:")[2]


def test_exit_codes_are_those_of_the_errors() -> None:
    raised = {kind.exit_code for _, kind in inspect.getmembers(errors, inspect.isclass) if hasattr(kind, "exit_code")}
    told = {int(number) for number in re.findall(r"\b(\d+) ", (WHOLE.epilog or "").partition(":")[2])}
    assert told == raised | {0}


def command_lines(path: Path) -> Iterator[str]:
    """Lines that begin with the command: of a document's code blocks, of another file's code and comments."""
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL) if path.suffix == ".md" else [text]
    for line in "\n".join(blocks).splitlines():
        match = re.fullmatch(r"(?:#\s*|\$ |\s+)?((?:\.venv/bin/)?goldsmith [a-z-].*)", line)
        if match:
            yield match[1].replace('"$@"', "")


def test_command_lines_in_documents_are_understood() -> None:
    lines = [(path.name, line) for path in [*DOCUMENTS, *SCRIPTS] for line in command_lines(path)]
    assert {"README.md", "demo", "debian12-base.yaml"} <= {name for name, _ in lines}
    for _, line in lines:
        understood(line)


def test_commands_in_running_text_exist() -> None:
    spans = [
        part.strip()
        for path in [*DOCUMENTS, *SOURCES]
        for span in re.findall(r"`(goldsmith [^`\n…]+)`", path.read_text(encoding="utf-8"))
        for part in re.split(r"&&|\|(?= )", span)
    ]
    assert len(spans) > 10
    for span in spans:
        named(span)


@pytest.mark.process
def test_help_loads_none_of_the_heavy_libraries() -> None:
    heavy = ["pydantic", "rich", "yaml", "ruamel.yaml", "jinja2", "urllib3", "qemu.qmp", "pycdlib", "goldsmith.api"]
    program = f"import json, sys, goldsmith.cli.main; print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == []


@pytest.mark.process
def test_help_takes_less_than_two_tenths_of_a_second() -> None:
    program = "import goldsmith.cli.main, os, sys; sys.argv = ['goldsmith', '--help']\n"
    program += "try: goldsmith.cli.main.main()\n"
    program += "finally: print(*os.times()[:2], file=sys.stderr)"
    # The best of three: the first start after a change compiles modules.
    assert min(_processor_seconds(program) for _ in range(3)) < 0.2


def _processor_seconds(program: str) -> float:
    environment = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert "Commands:" in done.stdout
    return sum(float(word) for word in done.stderr.split()[-2:])
