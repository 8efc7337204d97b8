"""Which of a guest's files decide what its cloud-init does, read through an open guest."""

from __future__ import annotations

import posixpath

from goldsmith.cloudinit.datasource import SEED_FOLDERS
from goldsmith.cloudinit.effective import CLOUD_CFG, CLOUD_CFG_D
from goldsmith.cloudinit.identify import DISABLED, DS_IDENTIFY_CFG
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index

CONFIGURATION_ROOTS = ("/etc/cloud", *SEED_FOLDERS)
LIMIT = 1 << 20


def read_configuration(guest: Guest) -> dict[str, bytes]:
    """Guest path → content of every file that `effective` and `without_seed` look at; links are followed in the guest.

    Raises BuildError where one is longer than 1 MiB: no configuration is.
    """
    index = guest.index(CONFIGURATION_ROOTS)
    elsewhere = [target for path in _paths(index, resolved=False) if (target := _leads_to(index, path)) is not None]
    if elsewhere:
        index = guest.index((*CONFIGURATION_ROOTS, *elsewhere))
    return {path: guest.read(path, limit=LIMIT) for path in _paths(index)}


def _leads_to(index: Index, path: str) -> str | None:
    """Where a link leads that the index does not follow: a file elsewhere in the guest, as some vendors have it."""
    entry = index.locate(path)
    if entry is None or entry.target is None or index.resolve(path) is not None:
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), entry.target))


def _paths(index: Index, *, resolved: bool = True) -> list[str]:
    """The paths that count and are there; with `resolved` only those that are known to lead to a regular file."""
    folder = index.resolve(CLOUD_CFG_D)
    names = [entry.name for entry in index.children(folder)] if folder is not None else []
    wanted = [
        CLOUD_CFG,
        *(f"{CLOUD_CFG_D}/{name}" for name in names if name.endswith(".cfg")),
        DS_IDENTIFY_CFG,
        DISABLED,
        *(f"{folder}/{name}" for folder in SEED_FOLDERS for name in ("user-data", "meta-data")),
    ]
    return [path for path in wanted if not resolved or _is_file(index, path)]


def _is_file(index: Index, path: str) -> bool:
    canonical = index.resolve(path)
    return canonical is not None and index[canonical].is_regular
