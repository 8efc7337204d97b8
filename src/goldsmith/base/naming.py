"""Values that recipes give to more than one source: digests and formats."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from goldsmith.base.packing import Packer, stated_by
from goldsmith.base.source import wrong
from goldsmith.disk.disk import DiskFormat


def _digest(value: str) -> str:
    lowered = value.strip().lower()
    if len(lowered) != 64 or not all(digit in "0123456789abcdef" for digit in lowered):
        raise wrong("is no SHA-256 digest", "64 hexadecimal digits, as sha256sum prints them")
    return lowered


Sha256 = Annotated[str, AfterValidator(_digest), Field(json_schema_extra={"pattern": "^[0-9a-fA-F]{64}$"})]


def require_format(name: str, given: DiskFormat | None) -> None:
    """A validator's part: the format is given, or stated by the file's name."""
    if given is None and stated_by(name).format is None:
        raise wrong(
            "does not state the disk's format by its name",
            "add `format: qcow2` or `format: raw` beside it: goldsmith never guesses from a file's bytes",
        )


def settled_format(name: str, given: DiskFormat | None) -> tuple[DiskFormat, Packer | None]:
    """The disk's format, and the compression that the name states."""
    stated = stated_by(name)
    disk_format = given or stated.format
    if disk_format is None:
        raise AssertionError(f"the model let {name} pass without a format")
    return disk_format, stated.packer


def content_key(digest: str, disk_format: DiskFormat, packer: Packer | None) -> str:
    """The cache's key of bytes with a known digest ("sha256:…"): wherever they come from, they are the same."""
    return f"{digest} {packer or 'plain'} {disk_format}"
