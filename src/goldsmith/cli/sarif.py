"""Writing findings as SARIF, for verbs that have them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goldsmith import __version__
from goldsmith.cli.conversation import Conversation
from goldsmith.errors import InputError
from goldsmith.findings import Finding

if TYPE_CHECKING:
    from goldsmith.sarif import Descriptor

Sarif = Annotated[
    str | None,
    typer.Option(
        "--sarif", metavar="FILE|-", help="Write the findings as SARIF 2.1.0 too; `-` writes them instead of the text."
    ),
]


def require_one_document(target: str | None, *, json: bool) -> None:
    """Raises InputError where both the JSON document and SARIF would go to standard output."""
    if json and target == "-":
        raise InputError("standard output holds one document", hint="give --sarif a file, or leave --json out")


def say_sarif(
    talk: Conversation, target: str | None, findings: Sequence[Finding], rules: Sequence[Descriptor], *, code: int
) -> None:
    """Write SARIF where it was asked for. Instead of the text, for `-`, it is all: the command ends with `code`."""
    if target is not None:
        talk.progress.stop()
        _write(target, findings, rules)
    if target == "-":
        raise typer.Exit(code)


def _write(target: str, findings: Sequence[Finding], rules: Sequence[Descriptor]) -> None:
    from goldsmith.sarif import sarif

    log = json.dumps(sarif(findings, rules, version=__version__, folder=Path.cwd()), indent=2)
    if target == "-":
        print(log)
        sys.stdout.flush()
        return
    try:
        Path(target).write_text(log + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"--sarif {target}: {error.strerror}", hint="give a path that can be written") from error
