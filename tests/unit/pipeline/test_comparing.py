"""What a comparison of two builds tells, from their manifests and trees."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.golden.trees import make

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.seal import Packing
from goldsmith.events import Event, StepFinished
from goldsmith.guest.engines.tree import open_tree
from goldsmith.pipeline.steps import compare as module
from goldsmith.pipeline.steps.compare import Compared, Difference, Kind, compare
from goldsmith.pool.manifest import BaseRecord, Manifest, OperationRecord, PackageRecord, TrustRecord
from goldsmith.pool.pool import Image

MANIFEST = Manifest(
    name="web", version="1.0", arch="x86_64", created="2026-01-02T03:04:05Z", goldsmith="0.1.0", recipe="sha256:0",
    build_key="sha256:1", base=BaseRecord(origin="o", sha256="1" * 64, trust=TrustRecord(level="none")),
    file="web-v1.0.qcow2", format=DiskFormat.QCOW2, packing=Packing.QCOW2_ZSTD, size=100, virtual_size=1 << 30,
    sha256="2" * 64, packages=(PackageRecord(name="htop", version="3.2.2-2", arch="amd64"),),
    operations=(OperationRecord(name="logfiles", changes=3, bytes=9),),
)  # fmt: skip
TREE = """
guest debian
f 0644 /etc/motd = "hello\\n"
d 0755 /srv
l /srv/link -> ../etc/motd
"""


@pytest.fixture
def compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: list[Event]) -> Callable[..., Compared]:
    """Compares two trees as if they lay on the disks; `after` replaces fields of the new manifest."""

    def run(new: str = TREE, **after: object) -> Compared:
        there = Image(tmp_path / MANIFEST.file, MANIFEST)
        disk = Disk(tmp_path / "sealed.qcow2", DiskFormat.QCOW2, 1 << 30)
        trees = {there.path: _made(tmp_path / "before", TREE), disk.path: _made(tmp_path / "after", new)}
        monkeypatch.setattr(module, "open_guest", lambda opened, **_: open_tree(trees[opened.path], read_only=True))
        manifest = MANIFEST.model_copy(update=after)
        return compare(events.append, there, manifest, disk, engine="mount", scratch=tmp_path, accelerated=False)

    return run


def _made(top: Path, text: str) -> Path:
    top.mkdir()
    make(top, text)
    return top


def _digest(line: str) -> str:
    return hashlib.sha256(f"{line}\n".encode()).hexdigest()[:12]


def test_the_same_is_the_same_whatever_its_times(compared: Callable[..., Compared], events: list[Event]) -> None:
    same = compared()
    assert (same.differences, same.same_content, same.as_text()) == ((), True, [])
    assert same.as_json() == {"sha256": "2" * 64, "size": 100, "same_content": True, "differences": []}
    finished = events[-1]
    assert isinstance(finished, StepFinished)
    assert (finished.step, finished.summary) == ("compare", "the same content, differences: none")


def test_inputs_operations_packages_and_the_images_file(compared: Callable[..., Compared]) -> None:
    newer = PackageRecord(name="htop", version="3.3.0-1", arch="amd64")
    other = compared(
        base=BaseRecord(origin="o", sha256="3" * 64, trust=TrustRecord(level="none")),
        packages=(newer, PackageRecord(name="lsof", version="4.95", arch="amd64")),
        operations=(),
        size=90,
        sha256="4" * 64,
    )
    assert other.as_text() == [
        f"  ~ input base: sha256:{'1' * 64} → sha256:{'3' * 64}",
        "  - operation logfiles: 3 changes",
        "  ~ package htop:amd64: 3.2.2-2 → 3.3.0-1",
        "  + package lsof:amd64: 4.95",
        f"  ~ image sha256: {'2' * 64} → {'4' * 64}",
        "  ~ image size: 100 bytes → 90 bytes",
    ]
    assert other.summary == ("other content, differences: 1 of input, 1 of operation, 2 of package, 2 of image")


def test_files_that_are_new_gone_or_changed(compared: Callable[..., Compared]) -> None:
    changed = compared(
        """
guest debian
f 0600 /etc/motd = "HELLO\\n"
d 0755 /srv
l /srv/link -> ../etc/issue
f 0644 "/srv/caf\\udce9" = ""
""",
        sha256="4" * 64,
    )
    owner = f"{os.geteuid()}:{os.getegid()}"
    motd, link, cafe, image = changed.differences
    assert (motd.name, motd.before, motd.after) == (
        "/etc/motd",
        f"regular 0644 {owner} 6 bytes sha256 {_digest('hello')}…",
        f"regular 0600 {owner} 6 bytes sha256 {_digest('HELLO')}…",
    )
    assert link == Difference(
        Kind.FILE, "/srv/link", f"symlink 0777 {owner} → ../etc/motd", f"symlink 0777 {owner} → ../etc/issue"
    )
    assert cafe.before is None
    assert cafe.as_json()["name"] == "/srv/caf\\xe9"
    assert cafe.as_json()["name_b64"] == "L3Nydi9jYWbp"
    assert str(cafe).startswith("+ file /srv/caf\\xe9: regular 0644 ")
    assert image.kind is Kind.IMAGE
    assert not changed.same_content


def test_only_some_differences_are_shown_to_people() -> None:
    many = Compared(tuple(Difference(Kind.FILE, f"/{number}", None, "regular") for number in range(30)), "", 0)
    assert many.as_text()[-1] == "  and 10 more; --json has all"
    assert len(many.as_text()) == 21
    assert replace(many, differences=many.differences[:20]).as_text()[-1] == "  + file /19: regular"
