"""What systemd has begun to start and not ended, as it says on the console: what a boot that stalls waits for.

systemd names running jobs itself only on a terminal that can show it; a container's is none.
"""

from __future__ import annotations

import re

from goldsmith.machine.console import shown

MOST = 64
CUT = "…"
BEGINS = r"^ {9}(?:Starting|Mounting|Activating swap) (.+)\.\.\.$"
ENDS = (
    r"^\[ *(?:OK|FAILED|DEPEND|TIME|SKIP) *\] "
    r"(?:Finished|Started|Mounted|Activated swap|Failed to \w+|Dependency failed for|Timed out \w+|Reached target) "
    r"(.+?)\.?$"
)
# Their progress is milestones, and their end is not told where it comes after that of the boot.
_CLOUD_INIT = re.compile(r"^cloud-(?:init|config|final)|[Cc]loud-(?:init|config)|cloud user/final scripts")
_BEGINS, _ENDS = re.compile(BEGINS), re.compile(ENDS)


class Jobs:
    """Bounded, whatever the guest prints."""

    def __init__(self) -> None:
        self._begun: dict[str, str] = {}

    def read(self, line: str) -> None:
        """A line that has ended."""
        if (begun := _BEGINS.search(line)) and not _CLOUD_INIT.search(begun[1]):
            if len(self._begun) < MOST:
                self._begun[begun[1]] = shown(line)
        elif ended := _ENDS.search(line):
            self._begun = {unit: said for unit, said in self._begun.items() if not _same(unit, ended[1])}

    @property
    def unfinished(self) -> dict[str, str]:
        """The line that told of it by unit, in their order."""
        return dict(self._begun)


def _same(one: str, other: str) -> bool:
    """Systemd cuts the middle out of long names, and more where the word before them is longer."""
    if CUT not in one + other:
        return one == other
    first, _, last = one.partition(CUT)
    begin, _, end = other.partition(CUT)
    length, rest = min(len(first), len(begin)), min(len(last), len(end))
    return first[:length] == begin[:length] and last[len(last) - rest :] == end[len(end) - rest :]
