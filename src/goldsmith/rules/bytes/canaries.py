"""GS350: no byte of the image spells a secret of the build, or a canary.

The sealed disk is decoded and searched to its last byte: free space, journals, directory blocks, slack, and what lies
outside of partitions. Deleting is not erasing: this is where it shows. Each pattern is looked for as it is, in Base64
(wherever in a longer text it begins, both alphabets) and URL-encoded. Of a directory contents, names, link targets and
extended attributes are searched.

It finds what lies in one piece: not what a program packed, encrypted, or broke over lines.
"""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Finding, GuestPlace, Severity, printable
from goldsmith.rules.bytes.subject import BytesSubject, Found
from goldsmith.rules.rule import Needs, Outcome, Verdict, rule

CODE = "GS350"
EXPECTED = "nowhere"
NAMED = 3
HINT = "seal it again with goldsmith (which erases what was deleted), or find the step that writes it"


@rule(
    CODE,
    "secrets and canaries",
    needs=Needs.BYTES,
    why="Deleted is not erased: whoever has the image reads its free space, its journal and its slack.",
)
def check(subject: BytesSubject) -> Iterator[Outcome]:
    for name in subject.names:
        found = [each for each in subject.found if each.name == name]
        if found:
            yield _failed(name, found)
        elif subject.unread:
            yield Outcome(CODE, name, Verdict.UNPROVEN, EXPECTED, "not found", _unread(subject.unread))
        else:
            yield Outcome(CODE, name, Verdict.PASS, EXPECTED, "nowhere")
    if not subject.names:
        yield Outcome(CODE, "", Verdict.PASS, EXPECTED, "nothing was to be searched for")
    for each in subject.unread:
        message = f"nothing looked for secrets in {printable(each)}: it cannot be read"
        finding = Finding(
            CODE, Severity.WARNING, message, GuestPlace(each), "make it readable", subject=printable(each)
        )
        yield Outcome(CODE, printable(each), Verdict.UNPROVEN, EXPECTED, "not read", message, finding)


def _failed(name: str, found: list[Found]) -> Outcome:
    shown = printable(name)
    places = ", ".join(f"{printable(each.where)} {each.form}" for each in found[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    message = f"{shown} is in the image: {places}{more}"
    path = found[0].path
    place = GuestPlace(path) if path is not None else None
    finding = Finding(CODE, Severity.ERROR, message, place, HINT, subject=shown)
    return Outcome(CODE, shown, Verdict.FAIL, EXPECTED, f"{len(found)} places", message, finding)


def _unread(paths: tuple[str, ...]) -> str:
    return f"not found, but {len(paths)} of the tree's paths could not be read"
