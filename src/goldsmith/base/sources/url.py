"""`url:`, a vendor's image on the web, settled by its digest or by the vendor's checksum file."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import ValidationInfo, field_validator

from goldsmith.base.base import Base
from goldsmith.base.cache import Cache
from goldsmith.base.checksum import Digest, digest_for
from goldsmith.base.download import download, file_name, read_small, shown
from goldsmith.base.hashing import reporting
from goldsmith.base.naming import Sha256, content_key, require_format, settled_format
from goldsmith.base.settle import Made, Wanted, settle
from goldsmith.base.source import Source, register, wrong
from goldsmith.base.trust import Trust, TrustLevel
from goldsmith.base.unpack import unpack
from goldsmith.disk.disk import DiskFormat
from goldsmith.errors import HostError
from goldsmith.events import Emit

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def _address(value: str) -> str:
    value = value.strip()
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise wrong(f"is no address: {error}") from error
    if parts.scheme == "file" or not parts.scheme:
        raise wrong("is no web address", "for a file on this host use `file:`")
    if parts.scheme not in {"http", "https"} or not host:
        raise wrong("is no web address", "it begins with https:// or http://")
    if any(character.isspace() or not character.isprintable() for character in value):
        raise wrong("has spaces or control characters", "write a space as %20")
    return value


@register
class UrlSource(Source):
    """A disk image on the web."""

    KEY: ClassVar[str] = "url"

    format: DiskFormat | None = None
    """The disk's format. Default: what the address states (`.qcow2`, `.raw`, also before `.xz`, `.zst`, `.gz`)."""
    sha256: Sha256 | None = None
    """The SHA-256 of the file as it is downloaded, packed or not: the base is trusted as pinned."""
    checksum: str | None = None
    """The https address of the vendor's checksum file (BSD or GNU style): the base is trusted as far as TLS is."""
    url: str
    """Its address. One of `sha256` and `checksum` stands beside it."""

    @field_validator("checksum")
    @classmethod
    def _comes_by_tls(cls, value: str | None) -> str | None:
        if value is None:
            return None
        value = _address(value)
        parts = urlsplit(value)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise wrong(
                "comes without TLS, so anybody on the way could change it",
                "use https://, or pin the image's digest by `sha256:`",
            )
        return value

    @field_validator("url")
    @classmethod
    def _is_settled(cls, value: str, info: ValidationInfo) -> str:
        value = _address(value)
        name = file_name(value)
        if not name:
            raise wrong("names a folder, not a file")
        if "format" in info.data:
            require_format(name, info.data["format"])
        if {"sha256", "checksum"} <= info.data.keys():
            given = [key for key in ("sha256", "checksum") if info.data[key] is not None]
            if not given:
                raise wrong(
                    "has nothing that settles its bytes",
                    "add `sha256:` with its digest, or `checksum:` with the https address of the vendor's checksums",
                )
            if len(given) == 2:
                raise wrong("has both `sha256` and `checksum`", "keep one: a pinned digest needs no checksum file")
        return value

    def identity(self, folder: Path) -> str | None:
        return f"sha256:{self.sha256}" if self.sha256 is not None else None

    def resolve(self, *, folder: Path, arch: str, offline: bool, refresh: bool, emit: Emit) -> Base:
        cache = Cache.open()
        disk_format, packer = settled_format(file_name(self.url), self.format)
        if offline:
            return self._cached(cache, disk_format, emit)
        expected = self._expected()
        key = content_key(str(expected), disk_format, packer)

        def make(work: Path) -> Made:
            partial = cache.partial(key)
            download(self.url, partial, expected, emit=emit)
            arrived = work / "arrived"
            partial.rename(arrived)
            if packer is None:
                return Made(arrived, expected.hex if expected.algorithm == "sha256" else None)
            unpacked = work / "unpacked"
            unpack(arrived, packer, unpacked, reporting(emit, None), name=shown(self.url))
            return Made(unpacked)

        wanted = Wanted(key, shown(self.url), self._trust(), disk_format)
        base = settle(cache, wanted, make, refresh=refresh, emit=emit)
        if self.checksum is not None:
            cache.remember(self._request(disk_format), base)
        return base

    def _expected(self) -> Digest:
        """The digest that the recipe pins, or that the checksum file says today."""
        if self.sha256 is not None:
            return Digest("sha256", self.sha256)
        assert self.checksum is not None
        text = read_small(self.checksum).decode("utf-8", "replace")
        return digest_for(text, file_name(self.url), where=shown(self.checksum))

    def _trust(self) -> Trust:
        if self.sha256 is not None:
            return Trust(TrustLevel.PINNED, self.sha256)
        assert self.checksum is not None
        if urlsplit(self.checksum).scheme != "https":
            return Trust(TrustLevel.NONE)
        return Trust(TrustLevel.TLS, shown(self.checksum))

    def _request(self, disk_format: DiskFormat) -> str:
        """The cache's key of "what the checksum file said last"; hashed, for addresses may hold credentials."""
        return "checksum " + hashlib.sha256(f"{self.url}\n{self.checksum}\n{disk_format}".encode()).hexdigest()

    def _cached(self, cache: Cache, disk_format: DiskFormat, emit: Emit) -> Base:
        packer = settled_format(file_name(self.url), self.format)[1]
        pinned = f"sha256:{self.sha256}"
        key = content_key(pinned, disk_format, packer) if self.sha256 is not None else self._request(disk_format)
        found = cache.find(key, emit)
        if found is None:
            raise HostError(f"{shown(self.url)} is not in the cache", hint="run once without --offline")
        return replace(found, origin=shown(self.url), trust=self._trust())
