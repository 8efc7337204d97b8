"""How long a boot may go without progress: pure judgement over samples of what the hypervisor reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds on a host of speed 1; a slower host gets more."""

    limit: float = 240.0
