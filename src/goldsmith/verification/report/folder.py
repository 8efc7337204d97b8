"""The folder of one verification: consoles, screenshots, milestones, a page, JUnit XML, and the evidence itself.

Everything is written aside first, then moved into place, `evidence.json` last: where it stands, all of it does.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from goldsmith.errors import BuildError, InputError
from goldsmith.rules.evidence import Evidence
from goldsmith.verification.report.junit import junit
from goldsmith.verification.report.page import render_page
from goldsmith.verification.report.timeline import starts
from goldsmith.verification.verification import PAGE_FILE, Verification

EVIDENCE_FILE = "evidence.json"
JUNIT_FILE = "junit.xml"
MILESTONES_FILE = "milestones.jsonl"
# What boots leave: what they printed, and a picture of the screen of one that got stuck in silence.
LEFT = ("*.console.log", "*.screenshot.png")
# Longest evidence that is read again, in bytes.
LIMIT = 256 << 20


def keep(folder: Path, verification: Verification, left: Iterable[Path] = ()) -> None:
    """Write the folder, or write it anew; `left` are files that boots left. Other files in it stay.

    Raises BuildError; then no evidence is in it, or still that of the verification before.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".report-") as aside:
            _write(Path(aside), verification, left)
            _move(Path(aside), folder)
    except OSError as error:
        raise BuildError(
            f"cannot keep the evidence in {folder}: {error.strerror}", hint="choose another folder"
        ) from error


def read(folder: Path) -> Evidence:
    """The evidence of a folder, or of its file. Raises InputError."""
    path = folder / EVIDENCE_FILE if folder.is_dir() else folder
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT + 1)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", hint="name a folder that `goldsmith verify --evidence` wrote"
        ) from error
    if len(data) > LIMIT:
        raise InputError(f"{path} is longer than {LIMIT} bytes")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON", hint="evidence is written by `goldsmith verify --evidence`") from error
    return Evidence.from_json(document)


def write_file(path: Path, text: str) -> None:
    """One report, whole or not at all. Raises BuildError."""
    aside: str | None = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=".report-", delete=False, encoding="utf-8"
        ) as file:
            aside = file.name
            file.write(text)
        Path(aside).chmod(0o644)
        Path(aside).replace(path)
    except OSError as error:
        if aside is not None:
            Path(aside).unlink(missing_ok=True)
        raise BuildError(f"cannot write {path}: {error.strerror}", hint="choose another place") from error


def _write(aside: Path, verification: Verification, left: Iterable[Path]) -> None:
    for each in left:
        if each.exists():
            shutil.copyfile(each, aside / each.name)
    evidence = json.dumps(verification.evidence.as_json(), indent=2) + "\n"
    (aside / EVIDENCE_FILE).write_text(evidence, encoding="utf-8")
    (aside / MILESTONES_FILE).write_text("".join(_milestones(verification.evidence)), encoding="utf-8")
    (aside / JUNIT_FILE).write_text(junit(verification), encoding="utf-8")
    (aside / PAGE_FILE).write_text(render_page(verification, aside), encoding="utf-8")


def _milestones(evidence: Evidence) -> Iterator[str]:
    for clone in evidence.clones:
        for start, (_, each) in enumerate(starts(clone), 1):
            for passage in each.milestones:
                said = {"clone": clone.name, "start": start, "boot": passage.boot, "milestone": passage.name}
                yield json.dumps(said | {"seconds": passage.seconds, "up": passage.up}) + "\n"


def _move(aside: Path, folder: Path) -> None:
    """From here on no space is needed. What an earlier verification left here goes first, its evidence before all."""
    (folder / EVIDENCE_FILE).unlink(missing_ok=True)
    for old in (path for pattern in LEFT for path in folder.glob(pattern)):
        old.unlink()
    for made in sorted(aside.iterdir(), key=lambda path: path.name == EVIDENCE_FILE):
        made.replace(folder / made.name)
