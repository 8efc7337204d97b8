"""Makes a guest dirty: plants what a build leaves behind, as `residues.txt` lists it, each with a canary of its own."""

from __future__ import annotations

import ast
import io
import re
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

TABLE = Path(__file__).with_name("residues.txt")
STRING = r'"(?:[^"\\]|\\.)*"'
LINE = re.compile(
    r"(?P<sysprep>[sS-])(?P<cloud_init>[cC-])(?P<goldsmith>[gGk-]) (?P<family>\*|debian|rhel) +(?P<path>/\S*)"
    rf"(?: (?P<how>=|\+=|->|@) (?P<what>{STRING}|\S+))?(?: ; (?P<why>.+))?"
)
# A person, a program with a home in /home, and a service whose home only passwd knows.
ACCOUNTS = {
    "/etc/passwd": "builder:x:1000:1000::/home/builder:/bin/bash\nagent:x:990:990::/home/agent:/bin/bash\n"
    "service:x:991:991::/srv/service:/bin/sh\n",
    "/etc/shadow": "builder:$6$salt$hash:19000:0:99999:7:::\nagent:!:19000::::::\nservice:!:19000::::::\n",
    "/etc/group": "builder:x:1000:\nagent:x:990:\nservice:x:991:\n",
}
PLAIN = '"{canary}\\n"'


class Family(StrEnum):
    """The families of distributions that are made dirty; the values are those of `GuestInfo.family`."""

    DEBIAN = "debian"
    RHEL = "rhel"


class How(StrEnum):
    """How a residue lies in the tree."""

    CONTENT = "="
    APPENDED = "+="
    LINK = "->"
    ATTRIBUTE = "@"


@dataclass(frozen=True, slots=True)
class Residue:
    """One thing that is left behind. `text` is its content, what is appended, a link's target or an attribute's name.

    The three letters say who takes it: see the head of the table. `why` tells why goldsmith leaves or keeps it.
    """

    sysprep: str
    cloud_init: str
    goldsmith: str
    path: str
    how: How
    text: str
    canary: str
    why: str

    @property
    def member(self) -> str:
        """The path in an archive."""
        return self.path.lstrip("/")


def residues(family: Family) -> tuple[Residue, ...]:
    """The table's lines for a family, in their order."""
    lines = [line for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    return tuple(_residue(match) for match in map(_parsed, lines) if match["family"] in {"*", family.value})


def archive(planted: Iterable[Residue]) -> bytes:
    """All but what is appended, as a tar archive with attributes: extract it over a guest's tree."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for each in planted:
            member = tarfile.TarInfo(each.member)
            content = each.text.encode() if each.how is How.CONTENT else b""
            if each.how is How.LINK:
                member.type, member.linkname = tarfile.SYMTYPE, each.text
            elif each.how is How.ATTRIBUTE:
                member.pax_headers = {f"SCHILY.xattr.{each.text}": each.canary}
            elif each.how is How.APPENDED:
                continue
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return made.getvalue()


def appended(planted: Iterable[Residue]) -> dict[str, str]:
    """Path → what is appended to the file that is there: accounts too."""
    texts = dict(ACCOUNTS)
    for each in planted:
        if each.how is How.APPENDED:
            texts[each.path] = texts.get(each.path, "") + each.text
    return texts


def _parsed(line: str) -> re.Match[str]:
    match = LINE.fullmatch(line)
    assert match is not None, f"not a line of the table of residues: {line}"
    return match


def _residue(match: re.Match[str]) -> Residue:
    template, how = match["path"], How(match["how"] or "=")
    what = match["what"] or PLAIN
    return Residue(
        sysprep=match["sysprep"],
        cloud_init=match["cloud_init"],
        goldsmith=match["goldsmith"],
        path=_filled(template, template),
        how=how,
        text=_filled(ast.literal_eval(what) if what.startswith('"') else what, template),
        canary=_canary(template),
        why=match["why"] or "",
    )


def _canary(path: str) -> str:
    """32 hexadecimal digits, so that it may stand where a machine-id stands."""
    return sha256(path.encode()).hexdigest()[:32]


def _filled(text: str, path: str) -> str:
    others = re.sub(r"\{canary of (/[^}]*)\}", lambda match: _canary(match[1]), text)
    return others.replace("{canary}", _canary(path))
