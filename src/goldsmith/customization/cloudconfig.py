"""cloud-init's configuration files in a guest: read for planning, written with proof."""

from __future__ import annotations

from collections.abc import Mapping

from goldsmith.cloudinit.effective import CLOUD_CFG, CLOUD_CFG_D, is_configuration
from goldsmith.customization.customization import Session
from goldsmith.customization.placing import placing
from goldsmith.errors import BuildError

# More than any real file; cloud-init itself reads at most 10 MiB in old versions' helpers.
LARGEST = 4 << 20
MODE = 0o644


def configuration_files(session: Session) -> Mapping[str, bytes]:
    """Guest path → content of what cloud-init reads; links are followed, directories and dangling links left out."""
    index = session.guest.index([CLOUD_CFG, CLOUD_CFG_D])
    directory = index.resolve(CLOUD_CFG_D)
    names = [entry.name for entry in index.children(directory)] if directory is not None else []
    found: dict[str, bytes] = {}
    for path in (CLOUD_CFG, *(f"{CLOUD_CFG_D}/{name}" for name in names)):
        real = index.resolve(path)
        if is_configuration(path) and (real is None or not index[real].is_directory):
            try:
                found[path] = session.guest.read(path, LARGEST)
            except FileNotFoundError:
                continue
    return found


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
    entry = session.guest.index([real])[real]
    if session.guest.read(path, LARGEST) != content:
        raise BuildError(f"{step}: {path} reads back differently from what was written")
    if (entry.mode, entry.uid, entry.gid) != (MODE, 0, 0):
        raise BuildError(f"{step}: {path} is {entry.mode:04o} {entry.uid}:{entry.gid}, not 0644 0:0")
