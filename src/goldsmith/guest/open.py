"""Opening a guest: which engines this host has, which one to take, and the one way in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from goldsmith.base.trust import Trust
from goldsmith.disk.disk import Disk
from goldsmith.errors import HostError, InputError
from goldsmith.guest.engines import guestfs, mount, tree
from goldsmith.guest.engines.engine import EngineStatus
from goldsmith.guest.guest import Guest

DISK_ENGINES = (mount.NAME, guestfs.NAME)


def engines() -> Mapping[str, EngineStatus]:
    """Every engine's name and whether it works on this host. Starts nothing."""
    return {
        tree.NAME: EngineStatus(usable=True, why="reads and changes a plain directory; runs no guest programs"),
        mount.NAME: mount.status(),
        guestfs.NAME: guestfs.status(),
    }


def choose_engine(requested: str | None, trust: Trust | None, *, tree: bool = False) -> tuple[str, str]:
    """The engine to use, and one line why.

    `mount` lets the host's kernel read the guest's file system, so it is the default only for root and a base whose
    origin is known. Raises InputError for an engine that does not exist or does not fit, HostError where none works.
    """
    if tree:
        if requested not in {None, "tree"}:
            raise InputError(f"the engine {requested} opens a disk, not a directory", hint="leave --engine out")
        return "tree", "it is a directory"
    if requested is not None:
        return _requested(requested, trust)
    status = engines()
    if os.geteuid() == 0 and trust is not None and trust.lets_the_host_mount and status["mount"].usable:
        return "mount", f"root, and the base is {trust.level}"
    if status["guestfs"].usable:
        return "guestfs", "an appliance keeps the guest's file system away from this host's kernel"
    if status["mount"].usable:
        raise HostError(
            f"the engine guestfs does not work here ({status['guestfs'].why}), and the origin of the guest is unknown",
            hint=f"{status['guestfs'].hint}; or say --engine mount if you trust the image",
        )
    raise HostError(
        f"no engine works here: guestfs: {status['guestfs'].why}; mount: {status['mount'].why}",
        hint=status["guestfs"].hint,
    )


def require_engine(requested: str | None) -> None:
    """Stop before a base is fetched where no disk can be opened, whatever it holds. Raises as `choose_engine`."""
    if requested is not None:
        _requested(requested, None)
    elif not any(status.usable for name, status in engines().items() if name in DISK_ENGINES):
        choose_engine(None, None)


def _requested(name: str, trust: Trust | None) -> tuple[str, str]:
    if name not in DISK_ENGINES:
        known = "a directory, not a disk" if name == tree.NAME else f"nothing: engines are {', '.join(DISK_ENGINES)}"
        raise InputError(f"the engine {name} opens {known}", hint=f"--engine {' or '.join(DISK_ENGINES)}")
    status = engines()[name]
    if not status.usable:
        raise HostError(f"the engine {name} does not work here: {status.why}", hint=status.hint)
    if name == mount.NAME and not (trust is not None and trust.lets_the_host_mount):
        return name, "as asked for: this host's kernel reads a file system whose origin is unknown"
    return name, "as asked for"


@contextmanager
def open_guest(
    where: Disk | Path,
    *,
    engine: str,
    scratch: Path,
    read_only: bool = False,
    grow: bool = False,
    accelerated: bool = False,
) -> Iterator[Guest]:
    """The guest in a disk (`mount`, `guestfs`) or in a directory (`tree`), closed when the block is left.

    `scratch` is a folder for what must not outlive the guest. With `read_only` the disk itself is never written.
    With `grow` the last partition and its file system take the room that the disk has. `accelerated` lets an appliance
    use KVM. Raises InputError where there is no operating system in it, HostError where the engine cannot work here.
    """
    match where, engine:
        case Path(), tree.NAME:
            with tree.open_tree(where, read_only=read_only) as guest:
                yield guest
        case Disk(), mount.NAME:
            with mount.open_disk(where, scratch=scratch, read_only=read_only, grow=grow) as guest:
                yield guest
        case Disk(), guestfs.NAME:
            with guestfs.open_disk(
                where, scratch=scratch, read_only=read_only, grow=grow, accelerated=accelerated
            ) as guest:
                yield guest
        case _:
            kind = "directory" if isinstance(where, Path) else "disk"
            raise InputError(f"the engine {engine} does not open a {kind}")
