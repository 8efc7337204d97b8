"""A NoCloud seed as files: a container has no disks of its own that cloud-init could look for."""

from __future__ import annotations

import io
from pathlib import Path

import pycdlib
from pycdlib.pycdlibexception import PyCdlibException

from goldsmith.errors import InputError

MAX_BYTES = 16 << 20
NAMES = ("meta-data", "user-data", "vendor-data", "network-config")


def read_seed(path: Path) -> dict[str, bytes]:
    """The files of an ISO 9660 seed by name. Raises InputError where it is none."""
    iso = pycdlib.PyCdlib()
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is longer than {MAX_BYTES >> 20} MiB: it is no seed")
        iso.open(str(path))
    except (OSError, PyCdlibException) as error:
        raise InputError(f"{path} is no seed that can be read: {error}") from error
    try:
        return {name: content for name in NAMES if (content := _read(iso, name)) is not None}
    finally:
        iso.close()


def _read(iso: pycdlib.PyCdlib, name: str) -> bytes | None:
    found = io.BytesIO()
    try:
        iso.get_file_from_iso_fp(found, joliet_path=f"/{name}")
    except PyCdlibException:
        return None
    return found.getvalue()
