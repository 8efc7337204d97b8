"""Make the repairs that rules offer, in the files themselves: of the host, or of a guest in a plain directory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from goldsmith.cloudinit.files import LIMIT
from goldsmith.errors import InputError
from goldsmith.findings import Finding, TextEdit, printable
from goldsmith.guest.change import Plan, Seen, Write
from goldsmith.guest.engines.tree import TreeGuest, open_tree

OPERATION = "lint --fix"
# What PyYAML counts as the end of a line. A byte order mark takes no column of its own.
LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
BYTE_ORDER_MARK = "\ufeff"


def repair(findings: Iterable[Finding], root: Path | None = None) -> tuple[Finding, ...]:
    """Make the repairs that are safe, in place: comments and order stay. The findings whose repair was made.

    Below `root`, the directory of a guest, links lead nowhere out of it. Raises InputError where a file is not what it
    was when it was judged, and BuildError where a guest's cannot be written; then nothing of that file is.
    """
    wanted = [finding for finding in findings if finding.repair is not None and finding.waived is None]
    by_file: dict[str, list[TextEdit]] = {}
    for finding in wanted:
        if finding.repair is not None:
            by_file.setdefault(finding.repair.place.file, []).append(finding.repair)
    if root is not None and by_file:
        with open_tree(root) as guest:
            _repair_in(guest, {f"/{Path(name).relative_to(root)}": edits for name, edits in by_file.items()})
    elif root is None:
        for name, edits in by_file.items():
            path = Path(name)
            path.write_bytes(edited(path.read_bytes(), edits))
    return tuple(wanted)


def edited(content: bytes, edits: Iterable[TextEdit]) -> bytes:
    """The content after all edits. Raises InputError where one does not find what it replaces."""
    text = content.decode("utf-8", "surrogateescape")
    ends = [0, *(match.end() for match in LINE_END.finditer(text))]
    # An alias is judged wherever it stands, and written once.
    by_place = {(edit.place.line, edit.place.column): edit for edit in edits}
    # From the end to the beginning, so that earlier places stay true.
    for _, edit in sorted(by_place.items(), reverse=True):
        start = _start(text, ends, edit)
        if not text.startswith(edit.old, start):
            raise InputError(f"{edit.place} is not what it was: nothing of {edit.place.file} was changed")
        text = text[:start] + edit.new + text[start + len(edit.old) :]
    return text.encode("utf-8", "surrogateescape")


def _start(text: str, ends: list[int], edit: TextEdit) -> int:
    """Where an edit begins in the text, its end where there is no such line."""
    start = ends[edit.place.line - 1] if edit.place.line <= len(ends) else len(text)
    column = 1
    while column < edit.place.column or text.startswith(BYTE_ORDER_MARK, start):
        column += not text.startswith(BYTE_ORDER_MARK, start)
        start += 1
    return start


def _repair_in(guest: TreeGuest, by_path: Mapping[str, list[TextEdit]]) -> None:
    index = guest.index(tuple(by_path))
    by_canonical: dict[str, list[TextEdit]] = {}
    for path, edits in by_path.items():
        canonical = index.resolve(path)
        if canonical is None:
            raise InputError(f"{printable(path)} is not what it was: it leads to no file of the guest")
        # Two names may lead to one file.
        by_canonical.setdefault(canonical, []).extend(edits)
    for canonical, edits in by_canonical.items():
        content = guest.read(canonical, LIMIT)
        write = Write(
            path=canonical,
            seen=Seen.of(index[canonical], content),
            operation=OPERATION,
            reason="a repair that a rule calls safe",
            content=edited(content, edits),
        )
        guest.apply(Plan((write,)))
