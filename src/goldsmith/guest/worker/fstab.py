"""Which other file systems of its own disk a guest mounts, by its fstab. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from goldsmith.guest.paths import KERNEL_DIRECTORIES, in_kernel_directory, is_canonical
from goldsmith.guest.worker.volumes import Volume

TAGS = ("UUID", "LABEL", "PARTUUID")
BY_FOLDERS = {"/dev/disk/by-uuid/": "UUID", "/dev/disk/by-label/": "LABEL", "/dev/disk/by-partuuid/": "PARTUUID"}
NODE = re.compile(r"/dev/(?:[shv]d[a-z]|xvd[a-z]|nvme\d+n\d+p|mmcblk\d+p)(\d+)")


@dataclass(frozen=True, slots=True)
class Place:
    """A volume, the canonical guest path where it belongs, and a btrfs subvolume's name, if any."""

    volume: Volume
    path: str
    subvolume: str = ""


def places(content: bytes, volumes: Sequence[Volume]) -> list[Place]:
    """The places of this disk's volumes, parents first; the root, swap and everything not on this disk is left out."""
    found = list(_lines(content.decode("utf-8", "surrogateescape"), volumes))
    return sorted(found, key=lambda place: place.path.split("/"))


def _lines(text: str, volumes: Sequence[Volume]) -> Iterator[Place]:
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 3 or fields[0].startswith("#"):
            continue
        source, path, options = _unescape(fields[0]), _unescape(fields[1]), fields[3] if len(fields) > 3 else ""
        path = path.rstrip("/")
        if not path or not is_canonical(path) or "noauto" in options.split(","):
            continue
        if path in KERNEL_DIRECTORIES or in_kernel_directory(path):
            continue
        volume = _volume(source, volumes)
        if volume is not None:
            names = [option.removeprefix("subvol=") for option in options.split(",") if option.startswith("subvol=")]
            yield Place(volume, path, names[0] if names else "")


def _volume(source: str, volumes: Sequence[Volume]) -> Volume | None:
    for folder, tag in BY_FOLDERS.items():
        if source.startswith(folder):
            source = f"{tag}={source.removeprefix(folder)}"
    tag, equals, value = source.partition("=")
    value = value.strip('"')
    if equals and tag in TAGS and value:
        return next((volume for volume in volumes if _name(volume, tag).lower() == value.lower()), None)
    node = NODE.fullmatch(source)
    if node:
        return next((volume for volume in volumes if volume.number == int(node.group(1))), None)
    return None


def _name(volume: Volume, tag: str) -> str:
    if tag == "PARTUUID":
        return volume.guid
    if volume.filesystem is None:
        return ""
    return volume.filesystem.uuid if tag == "UUID" else volume.filesystem.label


def _unescape(field: str) -> str:
    """Spaces and the like are octal escapes (fstab(5))."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), field)
