"""Which of a guest's files decide what its cloud-init does, read through an open guest."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

from goldsmith.cloudinit.datasource import SEED_FOLDERS
from goldsmith.cloudinit.document import Effect, Problem, parse
from goldsmith.cloudinit.effective import CLOUD_CFG, CLOUD_CFG_D, drop_in_folder
from goldsmith.cloudinit.identify import DISABLED, DS_IDENTIFY_CFG
from goldsmith.errors import BuildError
from goldsmith.findings import printable
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import MAX_LINKS, FileType, Index

CONFIGURATION_ROOTS = ("/etc/cloud", *SEED_FOLDERS)
LIMIT = 1 << 20
# How often what was found elsewhere may lead on to something else.
HOPS = 8
# PyYAML reads less than 1 MiB a second: more than this is no configuration of anybody.
LIMIT_OF_ALL = 2 << 20


@dataclass(slots=True)
class Gathered:
    """`files` are guest path → content; `problems` are what is there under a name that counts and was not read;
    `folder` is that of the drop-ins, None where cloud.cfg says that there is none.
    """

    folder: str | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    size: int = 0


def read_configuration(guest: Guest) -> dict[str, bytes]:
    """Guest path → content of every file that `effective` and `without_seed` look at; links are followed in the guest.

    Raises BuildError where one is longer than 1 MiB: no configuration is.
    """
    index, _, paths = _counting(guest)
    return {path: guest.read(path, limit=LIMIT) for path in paths if _is_file(index, path)}


def gather(guest: Guest) -> Gathered:
    """The same, but what cannot or should not be read is told instead of raised. Bounded: 2 MiB in all."""
    index, folder, paths = _counting(guest)
    found = Gathered(folder)
    if folder is not None and (why := _no_folder(index, folder)) is not None:
        found.problems.append(Problem(folder, Effect.SUSPECT, why))
    for path in paths:
        entry = index.locate(path)
        canonical = index.resolve(path)
        if canonical is None or not index[canonical].is_regular:
            kind = index[canonical].type if canonical is not None else entry.type if entry is not None else None
            if (said := _unread(path, kind, missing=canonical is None)) is not None:
                found.problems.append(said)
            continue
        size = index[canonical].size
        if size > LIMIT or found.size + size > LIMIT_OF_ALL:
            why = f"{size} bytes are more than goldsmith reads of a configuration: nothing is known of it"
            found.problems.append(Problem(path, Effect.UNKNOWN, why))
            continue
        try:
            found.files[path] = guest.read(path, limit=LIMIT)
        except (BuildError, FileNotFoundError) as error:
            why = error.message if isinstance(error, BuildError) else "it is gone"
            found.problems.append(Problem(path, Effect.UNKNOWN, f"it could not be read: {printable(why)}"))
            continue
        found.size += len(found.files[path])
    return found


def _no_folder(index: Index, folder: str) -> str | None:
    """Why no drop-in is read at all; None where the folder is one, or nothing is there."""
    entry, canonical = index.locate(folder), index.resolve(folder)
    if entry is None or (canonical is not None and index[canonical].is_directory):
        return None
    if canonical is None:
        return "a link that leads to no folder: cloud-init reads no drop-in"
    kind = "file" if index[canonical].is_regular else index[canonical].type.value
    return f"a {kind}, not a folder: cloud-init reads no drop-in"


def _unread(path: str, kind: FileType | None, *, missing: bool) -> Problem | None:
    """What cloud-init makes of a name that leads to no regular file; None where the name is not there at all."""
    if kind is None:
        return None
    drop_in = path.endswith(".cfg") and path not in {CLOUD_CFG, DS_IDENTIFY_CFG}
    if kind is FileType.SYMLINK or missing:
        return Problem(path, Effect.SUSPECT, "a link that leads to no file: cloud-init skips it")
    if drop_in or kind is FileType.DIRECTORY:
        return Problem(path, Effect.SUSPECT, f"a {kind.value}, not a file: cloud-init skips it")
    return Problem(path, Effect.FATAL, f"a {kind.value}, not a file: cloud-init does not get past it")


def _counting(guest: Guest) -> tuple[Index, str | None, list[str]]:
    """The paths whose names count, the folder of the drop-ins, and an index that knows where they lead.

    A link may lead to a file elsewhere in the guest, as some vendors have it; so may the folder of the drop-ins.
    """
    roots = dict.fromkeys(CONFIGURATION_ROOTS)
    for _ in range(HOPS):
        index = guest.index(tuple(roots))
        folder = _folder(guest, index)
        paths = _paths(index, folder)
        wanted = [target for path in (folder, *paths) if path and (target := _leads_to(index, path)) is not None]
        if folder is not None and not any(folder == root or folder.startswith(f"{root}/") for root in roots):
            wanted.append(folder)
        new = dict.fromkeys(each for each in wanted if each not in roots)
        if not new:
            break
        roots |= new
    return index, folder, paths


def _folder(guest: Guest, index: Index) -> str | None:
    """The folder of the drop-ins; `conf_d` in cloud.cfg names another, or none."""
    if not _is_file(index, CLOUD_CFG) or index[index.resolve(CLOUD_CFG) or ""].size > LIMIT:
        return CLOUD_CFG_D
    content = guest.read(CLOUD_CFG, limit=LIMIT)
    if b"conf_d" not in content:
        return CLOUD_CFG_D
    try:
        return drop_in_folder(parse(CLOUD_CFG, content)[0])
    except TypeError:
        return None


def _leads_to(index: Index, path: str) -> str | None:
    """Where a link leads as far as the index cannot follow it; None where it can, or where links never end."""
    if index.resolve(path) is not None:
        return None
    for _ in range(MAX_LINKS):
        entry = index.locate(path)
        if entry is None or entry.target is None:
            return path if entry is None else None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), entry.target)).replace("//", "/")
    return None


def _paths(index: Index, folder: str | None) -> list[str]:
    """The paths that count and may be there."""
    canonical = index.resolve(folder) if folder is not None else None
    names = [entry.name for entry in index.children(canonical)] if canonical is not None else []
    return [
        CLOUD_CFG,
        *(f"{folder}/{name}" for name in names if name.endswith(".cfg")),
        DS_IDENTIFY_CFG,
        DISABLED,
        *(f"{folder}/{name}" for folder in SEED_FOLDERS for name in ("user-data", "meta-data")),
    ]


def _is_file(index: Index, path: str) -> bool:
    canonical = index.resolve(path)
    return canonical is not None and index[canonical].is_regular
