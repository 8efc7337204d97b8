"""A file's name states its format, and nothing else does."""

from __future__ import annotations

import pytest

from goldsmith.base.packing import Packer, Stated, stated_by
from goldsmith.disk.disk import DiskFormat

QCOW2, RAW = DiskFormat.QCOW2, DiskFormat.RAW


@pytest.mark.parametrize(
    ("name", "stated"),
    [
        ("disk.qcow2", Stated(QCOW2, None)),
        ("disk.QCOW2", Stated(QCOW2, None)),
        ("disk.raw", Stated(RAW, None)),
        ("disk.raw.xz", Stated(RAW, Packer.XZ)),
        ("disk.qcow2.zst", Stated(QCOW2, Packer.ZSTD)),
        ("disk.raw.gz", Stated(RAW, Packer.GZIP)),
        ("disk.img", Stated(None, None)),
        ("disk.img.xz", Stated(None, Packer.XZ)),
        ("disk", Stated(None, None)),
        ("qcow2", Stated(None, None)),
        (".qcow2", Stated(None, None)),
        ("disk.qcow2.bak", Stated(None, None)),
        ("disk.raw.xz.gz", Stated(None, Packer.GZIP)),
        ("a.qcow2.raw", Stated(RAW, None)),
    ],
)
def test_what_a_name_states(name: str, stated: Stated) -> None:
    assert stated_by(name) == stated
