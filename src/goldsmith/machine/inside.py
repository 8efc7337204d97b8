"""Programs inside a running machine: how drivers let somebody start one and read what it prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

# Of each of a program's two outputs so many bytes are kept.
OUTPUT_LIMIT = 1 << 20
# What a program sees of an environment, whatever starts it.
ENVIRONMENT: Mapping[str, str] = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}


@dataclass(frozen=True, slots=True)
class ProgramEnd:
    """A program's exit code, as a shell counts (128 and the number of the signal that killed it; 127 where there is no
    such program), None where it did not end in time and was killed; and the first bytes of what it printed, `cut` where
    there was more.
    """

    status: int | None
    stdout: bytes
    stderr: bytes
    cut: bool = False


class Inside(Protocol):
    """A way into one machine."""

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float) -> ProgramEnd:
        """Run a program as the guest's root and wait for its end, at most `timeout` seconds.

        Raises ProcessError where nothing can be started inside, or the machine goes down meanwhile.
        """
