"""Engine `tree`: a plain directory of the host. No privileges, no worker: nothing is mounted and nothing runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from goldsmith.errors import BuildError, InputError
from goldsmith.guest.change import Plan
from goldsmith.guest.guest import Features, GuestProgram
from goldsmith.guest.index import Index
from goldsmith.guest.worker.posix_tree import PosixTree

NAME = "tree"


class TreeGuest:
    """A guest in a plain directory. Guest programs do not run here, not even for root: keeping them away from the host
    takes an id-mapped mount of the user's own directory, and a disk is the safe place for that.
    """

    engine = NAME
    features = Features(can_run=False, can_trim=False)

    def __init__(self, tree: PosixTree, *, read_only: bool) -> None:
        self._tree = tree
        self._read_only = read_only

    def index(self, roots: Sequence[str] = ("/",), *, digests: bool = False) -> Index:
        return self._tree.index(roots, digests=digests)

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        return self._tree.read(path, limit)

    def apply(self, plan: Plan) -> None:
        if self._read_only and len(plan):
            raise BuildError("cannot change the guest: it was opened to be read only")
        self._tree.apply(plan)

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
        del network, stdin, env, files, timeout
        raise BuildError(
            f"cannot run {argv[0]} in the guest: a plain directory runs no guest programs",
            hint="work on a disk, with the engine guestfs or, as root, mount",
        )

    def sync(self) -> None:
        self._tree.sync()

    def trim(self) -> None:
        raise BuildError("cannot trim the guest: a plain directory has no blocks to give back")

    def close(self) -> None:
        self._tree.close()


@contextmanager
def open_tree(directory: Path, *, read_only: bool = False) -> Iterator[TreeGuest]:
    """A guest in a plain directory. Raises InputError where there is none."""
    if not directory.is_dir():
        raise InputError(f"{directory} is not a directory")
    guest = TreeGuest(PosixTree(str(directory)), read_only=read_only)
    try:
        yield guest
    finally:
        guest.close()
