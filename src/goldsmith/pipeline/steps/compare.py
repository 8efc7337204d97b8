"""Compare what was built again with the image that is admitted: inputs, packages, operations, files, sizes."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from goldsmith.disk.disk import Disk
from goldsmith.events import Emit
from goldsmith.findings import printable
from goldsmith.guest.index import Entry, Index
from goldsmith.guest.open import open_guest
from goldsmith.pipeline.step import step
from goldsmith.pool.manifest import Manifest
from goldsmith.pool.pool import Image

SHOWN = 20
SHOWN_DIGITS = 12


class Kind(StrEnum):
    """What differs: what went in, what was done, what is in it, and the file that holds it."""

    INPUT = "input"
    OPERATION = "operation"
    PACKAGE = "package"
    FILE = "file"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class Difference:
    """`before` is of the admitted image, `after` of the new one, in words; None where it has none."""

    kind: Kind
    name: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        name = f"{self.kind} {printable(self.name)}"
        if self.before is None:
            return f"+ {name}: {self.after}"
        return f"- {name}: {self.before}" if self.after is None else f"~ {name}: {self.before} → {self.after}"

    def as_json(self) -> dict[str, object]:
        name = printable(self.name)
        raw = base64.b64encode(self.name.encode("utf-8", "surrogateescape")).decode("ascii")
        escaped = {"name_b64": raw} if name != self.name else {}
        return {"kind": self.kind.value, "name": name, **escaped, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class Compared:
    """`sha256` and `size` are of the new image's file, which is not kept."""

    differences: tuple[Difference, ...]
    sha256: str
    size: int

    @property
    def same_content(self) -> bool:
        """The same packages, and the same files but for their times."""
        return not any(each.kind in {Kind.PACKAGE, Kind.FILE} for each in self.differences)

    @property
    def summary(self) -> str:
        counts = Counter(each.kind for each in self.differences)
        named = [f"{counts[kind]} of {kind}" for kind in Kind if counts[kind]]
        content = "the same content" if self.same_content else "other content"
        return f"{content}, differences: {', '.join(named) or 'none'}"

    def as_json(self) -> dict[str, object]:
        return {
            "sha256": self.sha256,
            "size": self.size,
            "same_content": self.same_content,
            "differences": [each.as_json() for each in self.differences],
        }

    def as_text(self) -> list[str]:
        lines = [f"  {each}" for each in self.differences[:SHOWN]]
        left = len(self.differences) - len(lines)
        return [*lines, f"  and {left} more; --json has all"] if left > 0 else lines


@step("compare")
def compare(
    _emit: Emit, there: Image, manifest: Manifest, disk: Disk, *, engine: str, scratch: Path, accelerated: bool
) -> Compared:
    """`manifest` and `disk` are those of the new image. Both are only read."""
    trees = []
    for each in (there.disk, disk):
        with open_guest(each, engine=engine, scratch=scratch, read_only=True, accelerated=accelerated) as guest:
            trees.append(guest.index(digests=True))
    before, after = trees
    differences = (*_of_manifests(there.manifest, manifest), *_of_trees(before, after), *_of_files(there, manifest))
    return Compared(differences, manifest.sha256, manifest.size)


def _of_manifests(before: Manifest, after: Manifest) -> Iterator[Difference]:
    def inputs(of: Manifest) -> dict[str, str]:
        return {"recipe": of.recipe, "base": f"sha256:{of.base.sha256}", "goldsmith": of.goldsmith}

    def operations(of: Manifest) -> dict[str, str]:
        return {each.name: f"{each.changes} changes" for each in of.operations}

    def packages(of: Manifest) -> dict[str, str]:
        return {f"{each.name}:{each.arch}": each.version for each in of.packages}

    yield from _differing(Kind.INPUT, inputs(before), inputs(after))
    yield from _differing(Kind.OPERATION, operations(before), operations(after))
    yield from _differing(Kind.PACKAGE, packages(before), packages(after))


def _of_trees(before: Index, after: Index) -> Iterator[Difference]:
    yield from _differing(Kind.FILE, _told(before), _told(after))


def _of_files(there: Image, after: Manifest) -> Iterator[Difference]:
    def told(of: Manifest) -> dict[str, str]:
        sizes = {"size": f"{of.size} bytes", "virtual size": f"{of.virtual_size} bytes"}
        return {"sha256": of.sha256, **sizes, "packing": of.packing.value}

    yield from _differing(Kind.IMAGE, told(there.manifest), told(after))


def _differing(kind: Kind, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield Difference(kind, name, before.get(name), after.get(name))


def _told(index: Index) -> dict[str, str]:
    return {path: _words(entry) for path, entry in index.items()}


def _words(entry: Entry) -> str:
    """All of an entry that two builds of the same inputs should share: no times, no inode, no directory's size."""
    words = [entry.type.value, f"{entry.mode:04o}", f"{entry.uid}:{entry.gid}"]
    if entry.is_regular:
        words += [f"{entry.size} bytes", f"sha256 {(entry.digest or '')[:SHOWN_DIGITS]}…"]
    if entry.target is not None:
        words.append(f"→ {printable(entry.target)}")
    for name, value in sorted(entry.xattrs.items()):
        text = value.rstrip(b"\0").decode("utf-8", "surrogateescape")
        words.append(f"{printable(name)}={printable(text)}")
    return " ".join(words)
