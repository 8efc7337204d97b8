"""Every error that goldsmith raises on purpose, and the exit code it ends with.

GoldsmithError
├── BuildError (1)          a step of the build failed
│   ├── ProcessError        a program failed or ran out of time; carries the tail of its log
│   └── ConflictError       the guest changed between planning and applying
├── InputError (2)          recipe, argument or input file is wrong
│   └── RecipeError         every problem of one recipe, each with its place
├── HostError (3)           this host lacks something; the hint is the install line
├── TrustError (4)          checksum, signature, hostile or unstated image
└── ProofError (5)          built, but not proven

Stopped (a BaseException, as KeyboardInterrupt is)
├── Interrupted (130)       SIGINT
└── Terminated (143)        SIGTERM, or a terminal that was closed (SIGHUP)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldsmith.findings import Finding


class GoldsmithError(Exception):
    """One line of what failed on what, and one line of what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class BuildError(GoldsmithError):
    """A step of the build failed."""


class ProcessError(BuildError):
    """A program failed; `log_tail` holds the last lines that it printed."""

    def __init__(self, message: str, *, log_tail: Sequence[str] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.log_tail = tuple(log_tail)


class ConflictError(BuildError):
    """A precondition of a change no longer holds: the guest is not what planning saw."""


class InputError(GoldsmithError):
    """The recipe, the command line or an input file is wrong."""

    exit_code = 2


class RecipeError(InputError):
    """All problems of one recipe at once."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(f"{len(findings)} problem{'s' if len(findings) != 1 else ''} in the recipe")
        self.findings = tuple(findings)


class HostError(GoldsmithError):
    """This host lacks a program, a right or a resource."""

    exit_code = 3


class TrustError(GoldsmithError):
    """Bytes are not what they were said to be."""

    exit_code = 4


class ProofError(GoldsmithError):
    """The image was made, but its proof failed; it is not admitted."""

    exit_code = 5


class Stopped(BaseException):
    """The user or the system asked us to stop; raised in the main thread so that clean-ups run.

    Nobody who handles errors, of ours or of a library, may take it for one and go on.
    """

    exit_code: ClassVar[int]

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Interrupted(Stopped):
    """SIGINT."""

    exit_code = 130


class Terminated(Stopped):
    """SIGTERM, or SIGHUP: the terminal was closed."""

    exit_code = 143
