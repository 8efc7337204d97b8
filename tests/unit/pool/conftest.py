"""A pool and images to admit: any bytes do, admission never looks inside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from goldsmith.disk.disk import DiskFormat
from goldsmith.disk.seal import Packing
from goldsmith.pool.manifest import BaseRecord, Manifest, TrustRecord
from goldsmith.pool.pool import Pool

CONTENT = b"the bytes of a sealed image"
MakeManifest = Callable[..., Manifest]


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return Pool(tmp_path / "pool")


def make_manifest(name: str = "base", version: str = "1.0", build_key: str = "key", **fields: object) -> Manifest:
    stated = {
        "name": name,
        "version": version,
        "arch": "x86_64",
        "created": "2026-01-02T03:04:05Z",
        "goldsmith": "0.1.0",
        "recipe": "sha256:" + "0" * 64,
        "build_key": build_key,
        "base": BaseRecord(origin="bootstrap:debian/12", sha256="1" * 64, trust=TrustRecord(level="bootstrapped")),
        "file": f"{name}-v{version}.qcow2",
        "format": DiskFormat.QCOW2,
        "packing": Packing.QCOW2_ZSTD,
        "size": len(CONTENT),
        "virtual_size": 1 << 30,
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        **fields,
    }
    return Manifest.model_validate(stated)


def sealed(folder: Path, content: bytes = CONTENT) -> Path:
    path = folder / "sealed"
    path.write_bytes(content)
    return path


def evidence(folder: Path) -> Path:
    path = folder / "evidence"
    (path / "clone1").mkdir(parents=True)
    (path / "clone1" / "console.log").write_text("booted")
    return path


def visible(pool: Pool) -> list[str]:
    return sorted(path.name for path in pool.root.iterdir())
