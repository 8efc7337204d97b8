"""Follows a guest's links as the guest itself would, by nothing but looks at single paths. Pure over `look`."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from goldsmith.errors import BuildError
from goldsmith.findings import printable
from goldsmith.guest.index import MAX_LINKS, Entry
from goldsmith.guest.paths import in_kernel_directory, parts

Look = Callable[[str], Entry | None]


def reach(path: str, look: Look, entries: dict[str, Entry]) -> str | None:
    """The canonical path that `path` leads to; every parent and link on the way is put into `entries`.

    None where a part is absent, belongs to the running kernel, or links have no end. Raises BuildError unless absolute.
    """

    def known(step: str) -> Entry | None:
        if in_kernel_directory(step):
            return None
        entry = entries.get(step) or look(step)
        if entry is not None:
            entries[step] = entry
        return entry

    known("/")
    reached = _follow(path, known)
    return reached if reached in entries else None


def resolve(path: str, look: Look) -> str:
    """The canonical path that `path` leads to, whether its last parts exist or not.

    Raises BuildError for links without end, steps up from what is no directory, or a path that is not absolute.
    """
    reached = _follow(path, look)
    if reached is None:
        raise BuildError(f"{printable(path)} in the guest is a link without end, or leads through a file")
    return reached


def _follow(path: str, look: Look) -> str | None:
    """None for links without end, and where `..` follows something that is no directory or is not there: the kernel
    says ENOTDIR or ENOENT there.
    """
    pending, current, links, is_directory = parts(path)[::-1], "/", 0, True
    while pending:
        part = pending.pop()
        if part == "..":
            if not is_directory:
                return None
            current = posixpath.dirname(current)
            continue
        step = posixpath.join(current, part)
        entry = look(step)
        if entry is None or entry.target is None:
            current, is_directory = step, entry is not None and entry.is_directory
            continue
        links += 1
        if links > MAX_LINKS:
            return None
        pending.extend(piece for piece in reversed(entry.target.split("/")) if piece not in {"", "."})
        if entry.target.startswith("/"):
            current, is_directory = "/", True
    return current
