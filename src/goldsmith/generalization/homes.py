"""Where a guest's users live: passwd is hostile text, and homes may lie behind links."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from goldsmith.guest.index import Index

# Homes of system accounts that are places of the system, not of a person: never searched for residue.
NO_HOMES = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr")
NO_HOME_ITSELF = (
    "/",
    "/home",
    "/media",
    "/mnt",
    "/opt",
    "/srv",
    "/tmp",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/log",
    "/var/spool",
    "/var/tmp",
)


def homes_in_passwd(passwd: bytes) -> tuple[str, ...]:
    """The home directories that /etc/passwd names, root's always, in order and once.

    Lines that are no accounts, homes that are not absolute, that climb (`..`) or that hold control characters are left
    out: useradd(8) makes none of them.
    """
    homes = {"/root": None}
    for line in passwd.decode("utf-8", "surrogateescape").split("\n"):
        fields = line.split(":")
        if len(fields) == 7 and fields[0] and is_plausible(fields[5]):
            homes[posixpath.normpath(fields[5])] = None
    return tuple(homes)


def is_plausible(home: str) -> bool:
    """Whether a home is one that useradd(8) would give: absolute, without `..` and control characters."""
    climbs = ".." in home.split("/")
    return home.startswith("/") and len(home) < 4096 and not climbs and all(ord(character) >= 32 for character in home)


def canonical_homes(index: Index, homes: Iterable[str]) -> tuple[str, ...]:
    """The real directories that homes lead to, and everything in /home, sorted; places of the system left out."""
    found = {index.resolve(home) for home in homes}
    top = index.resolve("/home")
    if top is not None:
        found.update(child.path for child in index.children(top) if child.is_directory)
    return tuple(sorted(home for home in found if home is not None and _is_home(index, home)))


def is_of_a_person(path: str) -> bool:
    """Whether a normal path may be somebody's or some data's own place: none of the system's own directories."""
    within = any(path == top or path.startswith(f"{top}/") for top in NO_HOMES)
    return is_plausible(path) and path not in NO_HOME_ITSELF and not within


def _is_home(index: Index, path: str) -> bool:
    return is_of_a_person(path) and index[path].is_directory
