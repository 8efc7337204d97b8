"""Checksum files: the lists of digests that vendors publish beside their images."""

from __future__ import annotations

import re
from dataclasses import dataclass

from goldsmith.errors import TrustError
from goldsmith.findings import printable

# Hex digits → algorithm, strongest first. MD5 and SHA-1 no longer prove anything.
ALGORITHMS = {128: "sha512", 96: "sha384", 64: "sha256"}
# sha256sum's and sha512sum's lines: a backslash in front where the name is escaped, `*` for binary mode.
GNU = re.compile(r"(?P<escaped>\\?)(?P<digest>[0-9A-Fa-f]+)(?: [ *]|\t+)(?P<name>.+)")
# `SHA256 (name) = digest`, of BSD's sha256 and sha256sum --tag.
BSD = re.compile(r"(?P<escaped>\\?)[A-Z][A-Z0-9-]* ?\((?P<name>.+)\) ?= ?(?P<digest>[0-9A-Fa-f]+)")
ALONE = re.compile(r"[0-9A-Fa-f]+")
ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}


@dataclass(frozen=True, slots=True)
class Digest:
    """`algorithm` is hashlib's name; `hex` is lower case."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


def digest_for(text: str, name: str, *, where: str) -> Digest:
    """The strongest digest that a checksum file gives for the file `name`.

    GNU and BSD lines, several algorithms, comments and a clear-signed frame are read; a file that holds one digest and
    nothing else is of the one file it lies beside. Names count without their folders (`./`, `*`). Raises TrustError
    where the name is missing or has two different digests; `where` is the checksum file's address.
    """
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    found: dict[str, set[str]] = {}
    names: set[str] = set()
    for line in lines:
        entry = BSD.fullmatch(line) or GNU.fullmatch(line)
        if entry is None:
            continue
        listed = _unescaped(entry["name"]) if entry["escaped"] else entry["name"]
        algorithm = ALGORITHMS.get(len(entry["digest"]))
        names.add(listed)
        if algorithm is not None and listed.rpartition("/")[2] == name:
            found.setdefault(algorithm, set()).add(entry["digest"].lower())
    said = [line for line in lines if line and not line.startswith("#")]
    if not names and len(said) == 1 and ALONE.fullmatch(said[0]) and len(said[0]) in ALGORITHMS:
        return Digest(ALGORITHMS[len(said[0])], said[0].lower())
    for algorithm in ALGORITHMS.values():
        digests = found.get(algorithm, set())
        if len(digests) > 1:
            raise TrustError(f"{where} has {len(digests)} different {algorithm} digests for {printable(name)}")
        if digests:
            return Digest(algorithm, digests.pop())
    raise TrustError(
        f"{where} has no SHA-256, SHA-384 or SHA-512 digest for {printable(name)}", hint=_hint(names, name)
    )


def _hint(names: set[str], name: str) -> str:
    if not names:
        return "is it a checksum file? Name its own address, not that of a page about it"
    if any(listed.rpartition("/")[2] == name for listed in names):
        return "its digest is of an older kind (MD5, SHA-1): compute the image's SHA-256 yourself and use sha256:"
    shown = ", ".join(sorted(printable(listed[:80]) for listed in names)[:5])
    return f"it lists {shown}{' …' if len(names) > 5 else ''}"


def _unescaped(name: str) -> str:
    return re.sub(r"\\[\\nr]", lambda match: ESCAPES[match[0]], name)
