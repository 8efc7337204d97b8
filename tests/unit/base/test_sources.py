"""What a recipe may say below `base:`."""

from __future__ import annotations

import gzip
import hashlib
import lzma
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from goldsmith.base.base import Base
from goldsmith.base.cache import Cache
from goldsmith.base.source import Source, registered
from goldsmith.base.sources.bootstrap import BootstrapSource
from goldsmith.base.sources.file import FileSource
from goldsmith.base.sources.url import UrlSource
from goldsmith.base.trust import Trust, TrustLevel
from goldsmith.disk.disk import DiskFormat
from goldsmith.errors import HostError, InputError, TrustError
from goldsmith.events import ignore

DIGEST = "ab" * 32
IMAGE = b"\xeb\x63" + bytes(508) + b"\x55\xaa" + b"partitions" * 1000 + bytes(1 << 20)


def complaints(kind: type[Source], **keys: Any) -> list[tuple[tuple[int | str, ...], str]]:
    with pytest.raises(ValidationError) as raised:
        kind.model_validate(keys)
    return [(error["loc"], error["msg"]) for error in raised.value.errors()]


def resolve(source: Source, folder: Path, *, offline: bool = False) -> Base:
    return source.resolve(folder=folder, arch="x86_64", offline=offline, refresh=False, emit=ignore)


def test_the_ways_to_name_a_base() -> None:
    assert dict(registered()) == {"bootstrap": BootstrapSource, "file": FileSource, "url": UrlSource}


@pytest.mark.parametrize(
    ("kind", "keys", "loc", "message"),
    [
        (FileSource, {"file": "disk.img"}, "file", "does not state the disk's format by its name"),
        (FileSource, {"file": "disk"}, "file", "does not state the disk's format by its name"),
        (FileSource, {"file": "disk.raw", "sha256": "12"}, "sha256", "is no SHA-256 digest"),
        (UrlSource, {"url": "https://example.org/disk.qcow2"}, "url", "has nothing that settles its bytes"),
        (
            UrlSource,
            {"url": "https://example.org/d.qcow2", "sha256": DIGEST, "checksum": "https://example.org/S"},
            "url",
            "has both `sha256` and `checksum`",
        ),
        (
            UrlSource,
            {"url": "https://example.org/d.qcow2", "checksum": "http://example.org/S"},
            "checksum",
            "comes without TLS, so anybody on the way could change it",
        ),
        (
            UrlSource,
            {"url": "https://example.org/d.img", "sha256": DIGEST},
            "url",
            "does not state the disk's format by its name",
        ),
        (UrlSource, {"url": "https://example.org/", "sha256": DIGEST}, "url", "names a folder, not a file"),
        (UrlSource, {"url": "file:///disk.raw", "sha256": DIGEST}, "url", "is no web address"),
        (UrlSource, {"url": "disk.raw", "sha256": DIGEST}, "url", "is no web address"),
        (UrlSource, {"url": "ftp://example.org/d.raw", "sha256": DIGEST}, "url", "is no web address"),
        (UrlSource, {"url": "https://[::1/d.raw", "sha256": DIGEST}, "url", "is no address: Invalid IPv6 URL"),
        (BootstrapSource, {"bootstrap": "debian/11"}, "bootstrap", "names no distribution that can be bootstrapped"),
    ],
)
def test_one_complaint_at_its_key(kind: type[Source], keys: dict[str, Any], loc: str, message: str) -> None:
    assert complaints(kind, **keys) == [((loc,), message)]


def test_a_wrong_format_is_one_complaint_not_two() -> None:
    assert [loc for loc, _ in complaints(FileSource, file="disk.img", format="vmdk")] == [("format",)]


@pytest.mark.parametrize("keys", [{"file": "disk.qcow2"}, {"file": "d.raw.zst"}, {"file": "disk.img", "format": "raw"}])
def test_a_stated_format_is_enough(keys: dict[str, Any]) -> None:
    assert FileSource.model_validate(keys).file == keys["file"]


def test_identity_of_a_file_is_its_digest(tmp_path: Path) -> None:
    (tmp_path / "disk.raw").write_bytes(IMAGE)
    digest = f"sha256:{hashlib.sha256(IMAGE).hexdigest()}"
    assert FileSource(file="disk.raw").identity(tmp_path) == digest
    assert FileSource(file=str(tmp_path / "disk.raw")).identity(Path("/")) == digest


def test_identity_of_an_address_is_its_pin() -> None:
    assert UrlSource(url="https://example.org/d.raw", sha256=DIGEST).identity(Path()) == f"sha256:{DIGEST}"
    assert UrlSource(url="https://example.org/d.raw", checksum="https://example.org/S").identity(Path()) is None


def test_identity_of_a_bootstrap_differs_by_release() -> None:
    twelve, thirteen = (BootstrapSource(bootstrap=f"debian/{number}").identity(Path()) for number in (12, 13))
    assert twelve is not None
    assert twelve.startswith("bootstrap:")
    assert twelve != thirteen


def test_a_file_becomes_a_base_nobody_vouches_for(tmp_path: Path, cache: Cache) -> None:
    (tmp_path / "disk.raw").write_bytes(IMAGE)
    base = resolve(FileSource(file="disk.raw"), tmp_path)
    assert base.trust == Trust(TrustLevel.NONE)
    assert base.sha256 == hashlib.sha256(IMAGE).hexdigest()
    assert base.disk.format is DiskFormat.RAW
    assert base.disk.path.parent == cache.root
    assert base.disk.path.read_bytes() == IMAGE


def test_a_pinned_file_is_trusted(tmp_path: Path, cache: Cache) -> None:
    (tmp_path / "disk.raw").write_bytes(IMAGE)
    digest = hashlib.sha256(IMAGE).hexdigest()
    assert resolve(FileSource(file="disk.raw", sha256=digest.upper()), tmp_path).trust == Trust(
        TrustLevel.PINNED, digest
    )
    assert cache.root.is_dir()


def test_a_file_with_another_digest_is_refused(tmp_path: Path, cache: Cache) -> None:
    (tmp_path / "disk.raw").write_bytes(IMAGE)
    with pytest.raises(TrustError, match="not ababab"):
        resolve(FileSource(file="disk.raw", sha256=DIGEST), tmp_path)
    assert sorted(path.name for path in cache.root.iterdir()) == ["locks"]


def test_a_file_that_changes_later_leaves_the_base_alone(tmp_path: Path, cache: Cache) -> None:
    (tmp_path / "disk.raw").write_bytes(IMAGE)
    first = resolve(FileSource(file="disk.raw"), tmp_path)
    (tmp_path / "disk.raw").write_bytes(IMAGE + bytes(512))
    second = resolve(FileSource(file="disk.raw"), tmp_path)
    assert first.disk.path.read_bytes() == IMAGE
    assert second.sha256 != first.sha256
    assert cache.root == first.disk.path.parent


@pytest.mark.parametrize(("suffix", "pack"), [("xz", lzma.compress), ("gz", gzip.compress)])
def test_a_packed_file_is_unpacked(suffix: str, pack: Any, tmp_path: Path, cache: Cache) -> None:
    packed = pack(IMAGE)
    (tmp_path / f"disk.raw.{suffix}").write_bytes(packed)
    base = resolve(FileSource(file=f"disk.raw.{suffix}", sha256=hashlib.sha256(packed).hexdigest()), tmp_path)
    assert base.disk.path.read_bytes() == IMAGE
    assert base.disk.path.name == f"sha256-{hashlib.sha256(IMAGE).hexdigest()}.raw"
    assert resolve(FileSource(file=f"disk.raw.{suffix}"), tmp_path).cached
    assert cache.root.is_dir()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("disk.raw.xz", lzma.compress(IMAGE)[:-20], "is no whole .xz file"),
        ("disk.raw.xz", b"no xz at all", "is no whole .xz file"),
        ("disk.raw.gz", gzip.compress(IMAGE)[:-20], "is no whole .gz file"),
        ("disk.raw.gz", b"\x1f\x8b\x08 no gzip at all", "is no whole .gz file"),
        ("disk.raw", b"", "is empty"),
        ("disk.raw", b"text\n" * 500, "is a text file"),
        ("disk.qcow2", IMAGE, "is not a qcow2 image"),
    ],
)
def test_a_file_that_is_no_disk(name: str, content: bytes, message: str, tmp_path: Path, cache: Cache) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as raised:
        resolve(FileSource(file=name), tmp_path)
    assert str(tmp_path / name) in raised.value.message
    assert sorted(path.name for path in cache.root.iterdir()) == ["locks"]


def test_a_missing_file(tmp_path: Path, cache: Cache) -> None:
    with pytest.raises(InputError, match=r"disk\.raw does not exist"):
        resolve(FileSource(file="disk.raw"), tmp_path)
    (tmp_path / "disk.raw").mkdir()
    with pytest.raises(InputError, match="is no regular file"):
        resolve(FileSource(file="disk.raw"), tmp_path)
    assert cache.entries() == ()


def test_holes_stay_holes(tmp_path: Path, cache: Cache) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(IMAGE[:4096])
    with path.open("r+b") as file:
        file.truncate(64 << 20)
    base = resolve(FileSource(file="disk.raw"), tmp_path)
    assert base.disk.virtual_size == 64 << 20
    assert base.disk.path.stat().st_blocks * 512 < 8 << 20
    assert cache.root.is_dir()


@pytest.mark.parametrize(
    "source",
    [
        UrlSource(url="https://example.org/d.raw", sha256=DIGEST),
        UrlSource(url="https://example.org/d.raw", checksum="https://example.org/S"),
        BootstrapSource(bootstrap="debian/12"),
    ],
)
def test_offline_without_a_cached_base(source: Source, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goldsmith.base.sources.bootstrap.find_keyring", lambda _: Path("/keys/keyring.gpg"))
    with pytest.raises(HostError, match="is not in the cache") as raised:
        resolve(source, Path(), offline=True)
    assert raised.value.hint == "run once without --offline"
    assert cache.entries() == ()


def test_a_bootstrap_for_another_architecture(cache: Cache) -> None:
    with pytest.raises(InputError, match="cannot be bootstrapped for aarch64"):
        BootstrapSource(bootstrap="debian/12").resolve(
            folder=Path(), arch="aarch64", offline=False, refresh=False, emit=ignore
        )
    assert cache.entries() == ()
