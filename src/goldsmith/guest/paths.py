"""Guest paths as text: what is canonical, and which directories belong to a running kernel.

Standard library only: workers import this.
"""

from __future__ import annotations

import posixpath

from goldsmith.errors import BuildError
from goldsmith.findings import printable

# A running kernel's or a running system's: on a disk they hold nothing that a boot would see.
KERNEL_DIRECTORIES = ("/proc", "/sys", "/dev", "/run")


def is_canonical(path: str) -> bool:
    """Whether a path is absolute and spelled in the one way an index has: no `.`, `..`, or doubled slash."""
    return path == "/" or (
        path.startswith("/") and "\0" not in path and all(part not in {"", ".", ".."} for part in path[1:].split("/"))
    )


def split(path: str) -> tuple[str, str]:
    """Parent and name of a canonical path. Raises BuildError for any other."""
    if not is_canonical(path):
        raise BuildError(f"not a canonical guest path: {printable(path)}")
    parent, name = posixpath.split(path)
    return parent, name or "."


def parts(path: str) -> list[str]:
    """What a path is made of, `.` and empty parts left out; `..` stays. Raises BuildError unless it is absolute."""
    if not path.startswith("/") or "\0" in path:
        raise BuildError(f"not an absolute guest path: {printable(path)}")
    return [part for part in path.split("/") if part not in {"", "."}]


def in_kernel_directory(path: str) -> bool:
    """Whether a canonical path lies below (not at) a directory of the running kernel."""
    return path.startswith(tuple(f"{directory}/" for directory in KERNEL_DIRECTORIES))
