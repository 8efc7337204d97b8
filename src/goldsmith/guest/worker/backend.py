"""What a worker holds: one opened guest, by whichever engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from goldsmith.guest.change import Plan
from goldsmith.guest.guest import GuestProgram
from goldsmith.guest.index import Index


@dataclass(frozen=True, slots=True)
class DiskFile:
    """One file of a disk's chain, by absolute path; the first of a chain is the one that is written."""

    path: str
    format: str


@dataclass(frozen=True, slots=True)
class Opening:
    """What to open: the disk and what it lies on, and how. `folder` is this worker's own, on the host."""

    chain: tuple[DiskFile, ...]
    virtual_size: int
    folder: str
    read_only: bool
    grow: bool
    accelerated: bool
    cache: str

    @property
    def name(self) -> str:
        return self.chain[0].path


@dataclass(frozen=True, slots=True)
class Program:
    """A guest program to run: `files` appear as /run/NAME for it alone."""

    argv: tuple[str, ...]
    network: bool
    stdin: bytes
    env: Mapping[str, str]
    files: Mapping[str, bytes]
    timeout: float


class Backend(Protocol):
    """One opened guest. The methods are those of the guest protocol; all raise GoldsmithError or FileNotFoundError."""

    can_run: bool
    can_trim: bool

    def index(self, roots: Sequence[str], *, digests: bool) -> Index: ...

    def read(self, path: str, limit: int) -> bytes: ...

    def apply(self, plan: Plan) -> None: ...

    def run(self, program: Program) -> GuestProgram: ...

    def cancel(self) -> None:
        """End the guest program that runs, if one does; called from another thread."""
        ...

    def sync(self) -> None: ...

    def trim(self) -> None: ...

    def close(self) -> None: ...
