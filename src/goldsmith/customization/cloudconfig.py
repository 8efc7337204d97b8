"""cloud-init's configuration files in a guest: written, and read back for proof."""

from __future__ import annotations

from collections.abc import Mapping

from goldsmith.cloudinit.effective import CLOUD_CFG
from goldsmith.cloudinit.files import LIMIT
from goldsmith.customization.customization import Session
from goldsmith.customization.placing import placing
from goldsmith.errors import BuildError

MODE = 0o644


def require_cloud_init(files: Mapping[str, bytes], step: str) -> None:
    """Raises BuildError where nobody would read the configuration."""
    if CLOUD_CFG not in files:
        raise BuildError(
            f"{step}: the guest has no {CLOUD_CFG}: cloud-init is not installed",
            hint="use a base with cloud-init; without it the defaults would have no effect",
        )


def put(session: Session, step: str, path: str, content: bytes) -> None:
    """Write a configuration file, 0644 root:root, then read it back and compare. Raises BuildError."""
    place = placing(session, step, [path])
    real = place.file(path, content, MODE, 0, 0)
    place.done()
    index = session.guest.index([real])
    entry, top = index[real], index["/"]
    if session.guest.read(path, LIMIT) != content:
        raise BuildError(f"{step}: {path} reads back differently from what was written")
    # A plain user's tree (engine tree) belongs to that user: there, root is the owner of its top.
    if entry.mode != MODE or (entry.uid, entry.gid) not in {(0, 0), (top.uid, top.gid)}:
        raise BuildError(f"{step}: {path} is {entry.mode:04o} {entry.uid}:{entry.gid}, not 0644 0:0")
