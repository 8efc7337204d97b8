"""Judge recorded evidence again, and write its reports anew."""

from __future__ import annotations

from pathlib import Path

from goldsmith.verification.report.folder import read, write_file
from goldsmith.verification.report.junit import junit
from goldsmith.verification.report.page import render_page
from goldsmith.verification.verification import PAGE_FILE, Verification
from goldsmith.verification.verify import judge_evidence


def report_existing(recorded: Path, *, output: Path | None, junit_file: Path | None) -> Verification:
    """`recorded` is a folder of evidence, or the file itself. Raises InputError, or BuildError where nothing can be
    written.
    """
    evidence = read(recorded)
    folder = recorded if recorded.is_dir() else recorded.parent
    page = output or folder / PAGE_FILE
    verification = Verification(evidence, judge_evidence(evidence), folder, page)
    write_file(page, render_page(verification, folder))
    if junit_file is not None:
        write_junit(verification, junit_file)
    return verification


def write_junit(verification: Verification, path: Path) -> None:
    """The outcomes as JUnit XML. Raises BuildError."""
    write_file(path, junit(verification))
