"""Where a bootstrap's tree is unpacked, and how it is removed again.

As root it lies in the run's private work folder. A plain user's tree belongs to subordinate user ids, which must be
able to reach it: a home folder of mode 0700 (Debian's default) is in their way, so it lies below TMPDIR, /var/tmp or
/tmp, and the work folder has a link to it so that the next run finds it when this one is killed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from goldsmith.base.identity import Identity
from goldsmith.errors import HostError, ProcessError
from goldsmith.run import run

LINK = "tree"
PREFIX = "goldsmith-tree-"
# Bytes that a tree and its download need at least.
NEEDED = 2 << 30


@contextmanager
def tree_folder(work: Path, identity: Identity) -> Iterator[Path]:
    """An empty folder that `identity` can reach, gone afterwards with all that is in it. Raises HostError."""
    if identity.is_root:
        folder = work / LINK
        folder.mkdir(mode=0o700)
    else:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_reachable_parent()))
        (work / LINK).symlink_to(folder)
        folder.chmod(0o711)
    try:
        yield folder
    finally:
        _remove(folder, identity)


def remove_linked(work: Path) -> None:
    """Remove the tree that a killed run left behind outside of its work folder."""
    link = work / LINK
    if not link.is_symlink():
        return
    folder = link.readlink()
    # The link is ours, in a private folder; still nothing is removed that is not called like our trees.
    if folder.is_absolute() and folder.name.startswith(PREFIX) and folder.is_dir() and not folder.is_symlink():
        _remove(folder, Identity.current())


def _remove(folder: Path, identity: Identity) -> None:
    try:
        run([*identity.prefix, "rm", "-rf", "--one-file-system", "--", str(folder)], timeout=300, check=False)
    except (HostError, ProcessError):
        pass  # what belongs to subordinate ids stays
    finally:
        # The folder itself lies in a sticky one and belongs to us, not to the subordinate ids.
        shutil.rmtree(folder, ignore_errors=True)


def _reachable_parent() -> Path:
    """The first folder for temporary files that other users can pass, with space, programs allowed."""
    why: list[str] = []
    for candidate in dict.fromkeys(filter(None, (os.environ.get("TMPDIR"), "/var/tmp", "/tmp"))):
        reason = _why_not(Path(candidate))
        if reason is None:
            return Path(candidate)
        why.append(f"{candidate} {reason}")
    raise HostError(
        f"no folder can take the bootstrap's tree: {'; '.join(why)}",
        hint="set TMPDIR to a folder on a disk with 2 GiB free that other users may enter (chmod o+x on each part)",
    )


def _why_not(folder: Path) -> str | None:
    try:
        resolved = folder.resolve(strict=True)
        for part in (resolved, *resolved.parents):
            if not part.stat().st_mode & 0o001:
                return f"cannot be entered by other users (at {part})"
        if not os.access(resolved, os.W_OK):
            return "is not writable"
        system = os.statvfs(resolved)
    except OSError as error:
        return f"cannot be used ({error.strerror})"
    if system.f_flag & os.ST_NOEXEC:
        return "is mounted noexec"
    if system.f_bavail * system.f_frsize < NEEDED:
        return f"has only {system.f_bavail * system.f_frsize >> 20} MiB free"
    return None
