"""Which processes belong to a machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from goldsmith.machine.driver import MachineSpec


def qemus_of(spec: MachineSpec) -> list[int]:
    """The processes that run this machine, found by its UUID."""
    return [
        number
        for number, words in _command_lines()
        if words[0].startswith(b"qemu-system-", words[0].rfind(b"/") + 1) and str(spec.uuid).encode() in words
    ]


def tpms_of(spec: MachineSpec) -> list[int]:
    """The TPMs of this machine, found by the folder that they work in."""
    state = spec.kept.with_suffix(".tpm")
    return [number for number, words in _command_lines() if words[0].endswith(b"swtpm") and _works_in(number, state)]


def _works_in(number: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{number}/cwd").samefile(folder)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


def _command_lines() -> Iterator[tuple[int, list[bytes]]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                yield int(folder.name), (folder / "cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
