"""Two sealed images, compared as `build --rebuild` does it: each is opened, and only read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from tests.integration.pipeline.small_guest import make_small_guest

from goldsmith.disk.disk import DiskFormat
from goldsmith.disk.seal import Packing, seal
from goldsmith.events import ignore
from goldsmith.pipeline.steps.compare import compare
from goldsmith.pool.manifest import BaseRecord, Manifest, TrustRecord
from goldsmith.pool.pool import Image

pytestmark = [
    pytest.mark.process,
    pytest.mark.parametrize(
        "engine",
        [
            pytest.param("mount", marks=pytest.mark.root),
            pytest.param("guestfs", marks=[pytest.mark.guestfs, pytest.mark.full, pytest.mark.timeout(600)]),
        ],
    ),
]
FIRST = 'f 0644 /etc/motd = "hello\\n"\nf 0644 /srv/old = "old"\n'
SECOND = 'f 0644 /etc/motd = "HELLO\\n"\nf 0755 /srv/new = "new"\n'


def sealed(folder: Path, more: str) -> Image:
    folder.mkdir()
    made = seal(make_small_guest(folder, more), folder / "web-v1.0.qcow2", packing=Packing.QCOW2_ZSTD, scratch=folder)
    manifest = Manifest(
        name="web", version="1.0", arch="x86_64", created="2026-01-02T03:04:05Z", goldsmith="0.1.0", recipe="",
        build_key="", base=BaseRecord(origin="o", sha256="1" * 64, trust=TrustRecord(level="none")),
        file="web-v1.0.qcow2", format=DiskFormat.QCOW2, packing=Packing.QCOW2_ZSTD, size=made.size,
        virtual_size=made.disk.virtual_size, sha256=made.sha256,
    )  # fmt: skip
    return Image(made.disk.path, manifest)


def test_two_builds_of_the_same_and_of_another_content(tmp_path: Path, engine: str) -> None:
    first, again, other = (sealed(tmp_path / name, more) for name, more in (("1", FIRST), ("2", FIRST), ("3", SECOND)))
    digests = [hashlib.sha256(each.path.read_bytes()).hexdigest() for each in (first, again, other)]

    def compared(new: Image) -> dict[str, tuple[bool, bool]]:
        result = compare(ignore, first, new.manifest, new.disk, engine=engine, scratch=tmp_path, accelerated=False)
        assert result.same_content == (new is again)
        files = [each for each in result.differences if each.kind == "file"]
        return {each.name: (each.before is None, each.after is None) for each in files}

    assert compared(again) == {}
    assert compared(other) == {
        "/etc/motd": (False, False),
        "/srv/new": (True, False),
        "/srv/old": (False, True),
    }
    assert [hashlib.sha256(each.path.read_bytes()).hexdigest() for each in (first, again, other)] == digests
