"""A control group of a rehearsal's own. Two containers that share one hung at their start in 4 of 24 pairs, in none of
22 with one for each.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from goldsmith.machine.driver import CpuTime

MOUNTS = Path("/proc/self/mountinfo")
OWN = Path("/proc/self/cgroup")
PREFIX = "goldsmith-rehearsal-"


def make_own(name: str) -> tuple[Path, ...]:
    """Put this process into a group of that name in the hierarchies that systemd uses, below the one it is in.

    Returns the folders; () where this host lets nobody make one.
    """
    made = []
    for folder in hierarchies():
        own = folder / f"{PREFIX}{name}"
        try:
            own.mkdir()
            (own / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
        except OSError:
            continue
        made.append(own)
    return tuple(made)


def cpu_time(folders: tuple[Path, ...]) -> CpuTime:
    """What all processes of the group have used, and how long one of them waited for a processor of this host; zeros
    where the kernel does not say.
    """
    for folder in folders:
        ran = _microseconds(folder / "cpu.stat", r"^usage_usec (\d+)$")
        if ran is not None:
            waited = _microseconds(folder / "cpu.pressure", r"^some .*\btotal=(\d+)$")
            return CpuTime(ran / 1e6, (waited or 0) / 1e6)
    return CpuTime(0.0)


def _microseconds(file: Path, pattern: str) -> int | None:
    try:
        match = re.search(pattern, file.read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(match[1]) if match is not None else None


def remove(folders: tuple[Path, ...]) -> None:
    """Remove groups that no process is in any more, with what the container made below them."""
    for top in folders:
        for folder in sorted((Path(each) for each, _, _ in os.walk(top)), reverse=True):
            try:
                folder.rmdir()
            except OSError:
                # A process is still in it: whoever comes next removes it.
                continue


def sweep() -> None:
    """Remove what killed runs have left: groups outlive their processes."""
    for folder in hierarchies():
        try:
            left = [each for each in folder.iterdir() if each.name.startswith(PREFIX)]
        except OSError:
            continue
        remove(tuple(each for each in left if not _populated(each)))


def _populated(folder: Path) -> bool:
    return any(_has_process(Path(each)) for each, _, _ in os.walk(folder))


def _has_process(folder: Path) -> bool:
    try:
        return bool((folder / "cgroup.procs").read_text(encoding="ascii").strip())
    except OSError:
        return False


def hierarchies() -> Iterator[Path]:
    """This process's own folders in the hierarchy named systemd and in the unified one."""
    places = {}
    for line in MOUNTS.read_text(encoding="utf-8").splitlines():
        fields, _, kind = line.partition(" - ")
        root, target = fields.split()[3:5]
        if kind.startswith("cgroup2 "):
            places[""] = (root, target)
        elif kind.startswith("cgroup ") and "name=systemd" in kind:
            places["name=systemd"] = (root, target)
    for line in OWN.read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in places:
            root, target = places[controllers]
            yield Path(target) / path.removeprefix(root.rstrip("/")).lstrip("/")
