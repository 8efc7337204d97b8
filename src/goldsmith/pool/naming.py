"""Names of admitted images: `rocky10-base-v1.0.qcow2` and back, references, the order of versions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from goldsmith.disk.disk import DiskFormat
from goldsmith.errors import InputError
from goldsmith.findings import printable

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,49}")
MANIFEST_SUFFIX = ".json"
EVIDENCE_SUFFIX = ".evidence"


@dataclass(frozen=True, slots=True)
class ImageName:
    """A name and a version that are safe in a file name and can be read back out of one."""

    name: str
    version: str

    def __post_init__(self) -> None:
        """Raises InputError for what could leave the pool's folder or could not be read back."""
        _require(NAME, "name", self.name)
        _require(VERSION, "version", self.version)
        if "-v" in self.version:
            raise InputError(f'the version "{self.version}" contains "-v", which separates it from the name')

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"

    @property
    def stem(self) -> str:
        """What the image's file and everything beside it begin with."""
        return f"{self.name}-v{self.version}"

    def file(self, format: DiskFormat) -> str:
        """The image's file name."""
        return f"{self.stem}.{format.value}"

    @property
    def manifest(self) -> str:
        """The manifest's file name."""
        return self.stem + MANIFEST_SUFFIX

    @property
    def evidence(self) -> str:
        """The name of the folder with what was proven of it."""
        return self.stem + EVIDENCE_SUFFIX


def parse_file(file: str) -> tuple[ImageName, DiskFormat] | None:
    """The image that a file name in a pool stands for, or None where it is none of ours."""
    for format in DiskFormat:
        stem, dot, rest = file.rpartition(f".{format.value}")
        if dot and not rest:
            name, separator, version = stem.rpartition("-v")
            if separator and NAME.fullmatch(name) and VERSION.fullmatch(version):
                return ImageName(name, version), format
    return None


def parse_reference(text: str) -> tuple[str, str | None]:
    """`NAME` or `NAME:VERSION`; without a version the newest is meant. Raises InputError for anything else."""
    name, colon, version = text.partition(":")
    _require(NAME, "image name", name)
    if not colon or version == "latest":
        return name, None
    return name, ImageName(name, version).version


def version_order(version: str) -> tuple[tuple[tuple[int, ...], int], ...]:
    """A sort key: Debian's order of versions. Numbers count as numbers (1.10 is after 1.9), `~` sorts before
    everything, even the end (1.0~rc1 is before 1.0).
    """
    pieces = re.findall(r"([^0-9]*)([0-9]*)", version)
    # The end of a version is the order value 0; every piece of text ends with it.
    return tuple(((*map(_rank, text), 0), int(digits or 0)) for text, digits in pieces)


def _rank(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256


def _require(pattern: re.Pattern[str], what: str, text: str) -> None:
    if not pattern.fullmatch(text):
        raise InputError(
            f'"{printable(text)}" is no {what} that an image can have',
            hint=f"letters, digits, dot, plus, minus and underscore, beginning with a letter or digit, as in "
            f"{'rocky10-base' if pattern is NAME else '1.0'}",
        )
