"""Files of the host that a recipe names: found relative to the recipe, listed below folders, read within limits."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from goldsmith.errors import InputError

# One file is held in memory while it goes to the engine.
LARGEST = 512 << 20


def below(folder: Path, name: str) -> tuple[str, ...]:
    """`name` itself if it is a file or is missing, else everything below it that is no directory, sorted."""
    start = folder / name
    if not start.is_dir():
        return (name,)
    return tuple(str(Path(name) / found.relative_to(start)) for found in walk(start) if not _is_directory(found))


def walk(start: Path) -> Iterator[Path]:
    """Everything below a folder, sorted, a folder before its content; links are not followed."""
    for found in sorted(start.iterdir()):
        yield found
        if _is_directory(found):
            yield from walk(found)


def read(folder: Path, name: str, *, step: str, limit: int = LARGEST) -> bytes:
    """The content of a regular file. Raises InputError, naming the step."""
    path = folder / name
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{step}: {path} is not a regular file")
        if status.st_size > limit:
            raise InputError(f"{step}: {path} has {status.st_size} bytes; the limit is {limit}")
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error, step=step) from error


def unreadable(path: Path, error: OSError, *, step: str) -> InputError:
    """The error for a file of the host that cannot be read."""
    reason = (error.strerror or str(error)).lower()
    return InputError(f"{step}: cannot read {path}: {reason}", hint="relative paths start at the recipe's folder")


def is_executable(path: Path) -> bool:
    """Whether the file's owner may execute it: the one permission that survives from the host."""
    return bool(path.stat().st_mode & stat.S_IXUSR)


def _is_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def link_target(path: Path) -> str | None:
    """The text of a symbolic link, None for anything else."""
    return str(path.readlink()) if path.is_symlink() else None
