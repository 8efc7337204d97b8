"""What a build writes down about itself: it goes beside the image, or outlives the build where that fails."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from goldsmith.errors import GoldsmithError, HostError
from goldsmith.events import Emit, Note
from goldsmith.secrets import NO_SECRETS, Secrets
from goldsmith.settings import state_dir

CUSTOMIZE_LOG = "customize.log"


@contextmanager
def kept_on_failure(folder: Path, stem: str, emit: Emit, secrets: Secrets = NO_SECRETS) -> Iterator[Path]:
    """A new folder for logs and evidence. Where the block fails and something is in it, it is kept in the state folder,
    without the secrets; the next failure of the same image replaces it.
    """
    folder.mkdir()
    try:
        yield folder
    except GoldsmithError:
        if any(folder.iterdir()):
            _keep(folder, stem, emit, secrets)
        raise


def _keep(folder: Path, stem: str, emit: Emit, secrets: Secrets) -> None:
    """The failure itself is what has to be told: that its record cannot be kept is no more than a warning."""
    try:
        kept = state_dir() / "failed" / stem
    except HostError as error:
        emit(Note(f"logs and evidence cannot be kept: {error.message}", warning=True))
        return
    shutil.rmtree(kept, ignore_errors=True)
    try:
        secrets.mask_folder(folder)
        shutil.copytree(folder, kept)
    except OSError as error:
        # All the more on a full disk.
        emit(Note(f"logs and evidence cannot be kept in {kept}: {error.strerror or error}", warning=True))
    else:
        emit(Note(f"logs and evidence: {kept}"))
