"""Which other file systems of its own disk a guest mounts, by its fstab. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from goldsmith.guest.paths import KERNEL_DIRECTORIES, in_kernel_directory, is_canonical
from goldsmith.guest.worker.volumes import Volume

TAGS = ("UUID", "LABEL", "PARTUUID", "PARTLABEL")
BY_FOLDERS = {f"/dev/disk/by-{tag.lower()}/": tag for tag in TAGS}
# blkid compares labels as they are; the others are hexadecimal.
EXACT = frozenset({"LABEL", "PARTLABEL"})
LETTERS = r"(?:[shv]d|xvd)(?P<letters>[a-z]+)"
NUMBERED = r"(?:nvme(?P<nvme>\d{1,3})n1p|mmcblk(?P<card>\d{1,3})p)"
NODE = re.compile(rf"/dev/(?:{LETTERS}|{NUMBERED})(?P<part>\d{{1,4}})")
BLANKS = re.compile(r"[ \t]+")


@dataclass(frozen=True, slots=True)
class Place:
    """A volume, the canonical guest path where it belongs, and a btrfs subvolume's name, if any."""

    volume: Volume
    path: str
    subvolume: str = ""


def places(content: bytes, volumes: Sequence[Volume]) -> list[Place]:
    """The places of this disk's volumes, parents first; the root, swap and everything not on this disk is left out."""
    lines = [line for line in map(_fields, content.split(b"\n")) if line is not None]
    disk = _own_disk(lines)
    found = [place for line in lines for place in _place(line, volumes, disk)]
    return sorted(found, key=lambda place: place.path.split("/"))


@dataclass(frozen=True, slots=True)
class _Line:
    source: str
    path: str
    options: tuple[str, ...]


def _fields(line: bytes) -> _Line | None:
    # Only blanks and tabs separate (fstab(5)); other white space belongs to names.
    fields = BLANKS.split(line.decode("utf-8", "surrogateescape").strip(" \t\r"))
    if len(fields) < 3 or fields[0].startswith("#"):
        return None
    options = tuple(fields[3].split(",")) if len(fields) > 3 else ()
    return _Line(_unescape(fields[0]), _unescape(fields[1]), options)


def _own_disk(lines: Sequence[_Line]) -> str:
    """Which disk of its machine this one is: that of the root's line, if it names a node, else the first."""
    nodes = (NODE.fullmatch(line.source) for line in lines if line.path == "/")
    return next((_disk(node) for node in nodes if node), "a")


def _disk(node: re.Match[str]) -> str:
    """The disk's place among the machine's, as letters: /dev/vda and /dev/nvme0n1 are both the first, "a"."""
    number = node["nvme"] or node["card"]
    return node["letters"] or (chr(ord("a") + int(number)) if int(number) < 26 else number)


def _place(line: _Line, volumes: Sequence[Volume], disk: str) -> Iterator[Place]:
    path = line.path.rstrip("/")
    if not path or not is_canonical(path) or "noauto" in line.options:
        return
    if path in KERNEL_DIRECTORIES or in_kernel_directory(path):
        return
    volume = _volume(line.source, volumes, disk)
    if volume is not None:
        names = [option.removeprefix("subvol=") for option in line.options if option.startswith("subvol=")]
        yield Place(volume, path, names[0] if names else "")


def _volume(source: str, volumes: Sequence[Volume], disk: str) -> Volume | None:
    for folder, tag in BY_FOLDERS.items():
        if source.startswith(folder):
            source = f"{tag}={_udev_name(source.removeprefix(folder))}"
    tag, equals, value = source.partition("=")
    value = value.strip('"')
    if equals and tag in TAGS and value:
        wanted = value if tag in EXACT else value.lower()
        return next(
            (each for each in volumes if wanted == (_name(each, tag) if tag in EXACT else _name(each, tag).lower())),
            None,
        )
    node = NODE.fullmatch(source)
    if node and _disk(node) == disk:
        return next((volume for volume in volumes if volume.number == int(node["part"])), None)
    return None


def _name(volume: Volume, tag: str) -> str:
    match tag:
        case "PARTUUID":
            return volume.guid
        case "PARTLABEL":
            return volume.name
        case "UUID":
            return volume.filesystem.uuid if volume.filesystem is not None else ""
        case _:
            return volume.filesystem.label if volume.filesystem is not None else ""


def _unescape(field: str) -> str:
    """Spaces and the like are octal escapes of single bytes (fstab(5))."""
    return _bytes_for(r"\\([0-7]{3})", 8, field)


def _udev_name(name: str) -> str:
    """In the names of its links udev writes what is unsafe in a path as hexadecimal escapes of single bytes."""
    return _bytes_for(r"\\x([0-9a-fA-F]{2})", 16, name)


def _bytes_for(escape: str, base: int, text: str) -> str:
    raw = text.encode("utf-8", "surrogateescape")
    plain = re.sub(escape.encode(), lambda match: bytes([int(match.group(1), base) & 0xFF]), raw)
    return plain.decode("utf-8", "surrogateescape")
