"""The contract of a scrub: what is told about one area of a raw disk, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from goldsmith.findings import Finding, Severity

UNPROVEN = "GS201"


@dataclass(frozen=True, slots=True)
class Area:
    """A partition, or the whole disk (`number` 0), of the raw file `path`; `offset` and `size` in bytes.

    The file lies in a scratch folder of ours, under a name without special characters.
    """

    path: Path
    number: int
    offset: int
    size: int

    def __str__(self) -> str:
        return f"partition {self.number}" if self.number else "the disk"

    @property
    def timeout(self) -> float:
        """Seconds that one pass of a program over the area may take: ten minutes, and 10 MiB/s."""
        return 600 + self.size / (10 << 20)


# Changes the raw file in place and returns what it could not prove. Raises ProcessError or HostError where it fails.
Scrub = Callable[[Area], tuple[Finding, ...]]


def unproven(area: Area, why: str) -> Finding:
    """What was deleted in this area may still be read from the image's bytes."""
    return Finding(
        UNPROVEN,
        Severity.WARNING,
        f"erasure unproven in {area}: {why}",
        hint="deleted files may be recoverable from the image; a base with ext4 or XFS avoids this",
        subject=str(area),
    )
