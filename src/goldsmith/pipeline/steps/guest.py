"""Open the guest once for everything that is done to its tree."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from goldsmith.disk.disk import Disk
from goldsmith.errors import Stopped
from goldsmith.events import Emit, StepFailed, StepFinished, StepStarted
from goldsmith.guest.guest import Guest
from goldsmith.guest.open import open_guest


@contextmanager
def opened(
    emit: Emit,
    where: Disk | Path,
    engine: str,
    why: str,
    *,
    scratch: Path,
    read_only: bool = False,
    grow: bool = False,
    accelerated: bool = False,
) -> Iterator[Guest]:
    """The open guest. Opening is a step of its own: an engine takes between 0.1 and 10 seconds to start."""
    with ExitStack() as stack:
        started = time.monotonic()
        emit(StepStarted("open"))
        opening = open_guest(
            where, engine=engine, scratch=scratch, read_only=read_only, grow=grow, accelerated=accelerated
        )
        try:
            guest = stack.enter_context(opening)
        except (Exception, Stopped) as error:
            emit(StepFailed("open", time.monotonic() - started, str(error)))
            raise
        emit(StepFinished("open", time.monotonic() - started, f"{engine}: {why}"))
        yield guest
