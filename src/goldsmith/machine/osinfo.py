"""The name that libosinfo has for a guest's operating system, as `--os-variant` of virt-install finds it.

Tools like virt-manager and Cockpit show it, and choose devices by it. It comes from the host's copy of libosinfo's
database (Debian's osinfo-db), whose files are read as they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

SYSTEM = Path("/usr/share/osinfo")
# Of both words; a guest may say anything.
LONGEST = 64
# libosinfo's short names, where they are not os-release's ID and VERSION_ID one after the other.
NAMES = {"alpine": "alpinelinux", "opensuse-leap": "opensuse", "opensuse-tumbleweed": "opensuse"}
# Releases that have a name but no number.
NAMELESS = {"debian": "debiantesting", "opensuse-tumbleweed": "opensusetumbleweed", "arch": "archlinux"}


def os_id(distro: str, version: str, database: Path | None = None) -> str | None:
    """Libosinfo's id of an os-release's ID and VERSION_ID: `http://debian.org/debian/12`.

    None where the database is missing or knows no such release: Debian 12's own knows none after Debian 11.
    """
    folder = (database or Path(os.environ.get("OSINFO_SYSTEM_DIR") or SYSTEM)) / "os"
    wanted = tuple(short_ids(distro, version))
    known: dict[str, str] = {}
    for path in sorted(folder.glob("*/*.xml")):
        known.update(_ids(path, wanted))
    return next((known[name] for name in wanted if name in known), None)


def short_ids(distro: str, version: str) -> Iterator[str]:
    """Libosinfo's short names that may stand for it, the most exact first."""
    if len(distro) + len(version) > LONGEST:
        return
    if not version:
        if distro in NAMELESS:
            yield NAMELESS[distro]
        return
    if distro == "opensuse-tumbleweed":  # its version is a date
        yield NAMELESS[distro]
        return
    if distro == "centos" and "." not in version:
        yield f"centos-stream{version}"
    name = NAMES.get(distro, distro)
    parts = version.split(".")
    for count in range(len(parts), 0, -1):
        yield name + ".".join(parts[:count])
    yield f"{name}{parts[0]}-unknown"


def _ids(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    try:
        content = path.read_bytes()
        # 700 files, of which one is of interest.
        if not any(f">{name}<".encode() in content for name in wanted):
            return
        for system in ET.fromstring(content).iterfind("os"):  # noqa: S314  the host's own file
            identifier = system.get("id")
            for short in system.iterfind("short-id"):
                if identifier and short.text in wanted:
                    yield short.text, identifier
    except (OSError, ET.ParseError):
        return
