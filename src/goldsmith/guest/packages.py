"""Which packages a guest has, read offline from its package manager's own records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goldsmith.errors import BuildError
from goldsmith.guest.guest import Guest
from goldsmith.guest.rpm_database import RPM_DATABASES, read_rpm_database

DPKG_STATUS = "/var/lib/dpkg/status"
PACKAGE_ROOTS: tuple[str, ...] = (DPKG_STATUS, *RPM_DATABASES)
LIMIT = 256 << 20


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """Name, version and architecture as the package manager writes them."""

    name: str
    version: str
    arch: str


def installed(guest: Guest) -> tuple[Package, ...]:
    """The guest's installed packages, sorted; () where it keeps no records that we read."""
    try:
        return read_dpkg_status(guest.read(DPKG_STATUS, LIMIT))
    except FileNotFoundError:
        pass
    for path in RPM_DATABASES:
        try:
            content = guest.read(path, LIMIT)
        except (FileNotFoundError, BuildError):
            continue
        return tuple(sorted({Package(*each) for each in read_rpm_database(content)}))
    return ()


def read_dpkg_status(content: bytes) -> tuple[Package, ...]:
    """The packages that dpkg's status file says are installed: not those removed whose configuration stayed."""
    return tuple(
        sorted(
            Package(fields.get("package", ""), fields.get("version", ""), fields.get("architecture", ""))
            for fields in _stanzas(content.decode("utf-8", "replace"))
            if fields.get("status", "").split()[-1:] == ["installed"]
        )
    )


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    """Stanzas of deb-control(5): field names without case, continuation lines left out."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            if fields:
                yield fields
            fields = {}
        elif not line.startswith((" ", "\t")):
            name, colon, value = line.partition(":")
            if colon:
                fields[name.lower()] = value.strip()
    if fields:
        yield fields
