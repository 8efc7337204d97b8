"""Decompression with bounds, without any program."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path
from typing import Any

import pytest

from goldsmith.base import unpack as module
from goldsmith.base.packing import Packer
from goldsmith.base.unpack import unpack
from goldsmith.errors import TrustError

XZ_GZ = [(Packer.XZ, lzma.compress), (Packer.GZIP, gzip.compress)]


def nothing(_: int) -> None:
    pass


@pytest.mark.parametrize(("packer", "pack"), XZ_GZ)
def test_several_streams_in_a_row(packer: Packer, pack: Any, tmp_path: Path) -> None:
    (tmp_path / "packed").write_bytes(pack(b"one") + pack(b"two"))
    unpack(tmp_path / "packed", packer, tmp_path / "out", nothing, name="x")
    assert (tmp_path / "out").read_bytes() == b"onetwo"


@pytest.mark.parametrize(("packer", "pack"), XZ_GZ)
def test_what_grows_beyond_all_measure_is_refused(
    packer: Packer, pack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ALWAYS_ALLOWED", 4 << 20)
    (tmp_path / "packed").write_bytes(pack(bytes(32 << 20)))
    with pytest.raises(TrustError, match="grows beyond"):
        unpack(tmp_path / "packed", packer, tmp_path / "out", nothing, name="x")
    assert (tmp_path / "out").stat().st_blocks * 512 <= 4 << 20


def test_zeros_at_the_end_count(tmp_path: Path) -> None:
    content = b"data" + bytes((3 << 20) + 5)
    (tmp_path / "packed").write_bytes(gzip.compress(content))
    seen: list[int] = []
    unpack(tmp_path / "packed", Packer.GZIP, tmp_path / "out", seen.append, name="x")
    assert (tmp_path / "out").read_bytes() == content
    assert seen[-1] == len(content)
