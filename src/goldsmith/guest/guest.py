"""The guest protocol: what every engine can do with the operating system's file tree inside a disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from goldsmith.guest.change import Plan
from goldsmith.guest.index import Index


@dataclass(frozen=True, slots=True)
class Features:
    """What an engine can do beyond reading and changing the tree."""

    can_run: bool
    can_trim: bool


@dataclass(frozen=True, slots=True)
class GuestProgram:
    """A guest program that ended: `output` is standard output and error as they came."""

    argv: tuple[str, ...]
    returncode: int
    output: bytes


class Guest(Protocol):
    """An open guest. Paths are absolute and always resolve inside the guest, whatever its links say.

    Every method raises BuildError where the guest or its worker fails, and the worker takes everything with it when it
    dies.
    """

    @property
    def engine(self) -> str:
        """The engine's name: guestfs, mount or tree."""
        ...

    @property
    def features(self) -> Features: ...

    def index(self, roots: Sequence[str] = ("/",), *, digests: bool = False) -> Index:
        """List everything below the roots, the roots and their parents included; file systems of the host's kernel
        (/proc, /sys, /dev, /run) are not entered. A root that is absent is left out, but the part of the way to it that
        exists is listed.
        """
        ...

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        """The content of a regular file, links followed. Raises FileNotFoundError, or BuildError where it is no regular
        file or longer than `limit` bytes.
        """
        ...

    def apply(self, plan: Plan) -> None:
        """Apply all changes in order. Raises ConflictError at the first whose precondition does not hold."""
        ...

    def run(
        self,
        argv: Sequence[str],
        *,
        network: bool = False,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        timeout: float = 600.0,
    ) -> GuestProgram:
        """Run a guest program, never as the host's root, with services kept from starting.

        `files` appear as /run/NAME, mode 0400, for this program only and never reach the disk.
        """
        ...

    def sync(self) -> None:
        """Everything written has reached the disk image."""
        ...

    def trim(self) -> None:
        """Give the blocks of deleted files back to the disk image."""
        ...

    def close(self) -> None:
        """Unmount, flush and end the worker. Raises BuildError if the disk could not be closed cleanly."""
        ...
