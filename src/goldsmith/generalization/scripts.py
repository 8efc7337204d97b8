"""Scripts that run inside the guest before it is generalized: the host's own, and cloud-init's clean.d.

virt-sysprep runs --script on the host, in a mount of the guest; here they run in the guest, confined as all guest
programs are, before anything is planned: so the proof covers what they leave.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from goldsmith.errors import BuildError, InputError, ProcessError
from goldsmith.findings import printable
from goldsmith.guest.guest import Guest

CLEAN_D = "/etc/cloud/clean.d"
# Where a script of the host appears, for its own run only.
PLACE = "goldsmith-script"
ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "DEBIAN_FRONTEND": "noninteractive",
}
TIMEOUT = 600.0
TAIL_LINES = 20


@dataclass(frozen=True, slots=True)
class Script:
    """A script of the host by its name; `interpreter` is what its first line names, `content` all of it."""

    name: str
    interpreter: tuple[str, ...]
    content: bytes


def run_scripts(guest: Guest, scripts: Sequence[Script], output: Callable[[bytes], None]) -> None:
    """Run scripts of the host in the guest, in their order, without a network.

    Raises InputError where the engine cannot run programs, ProcessError where one does not end with 0.
    """
    for script in scripts:
        argv = (*script.interpreter, f"/run/{PLACE}")
        _run(guest, f"--script {script.name}", argv, {PLACE: script.content}, output)


def run_clean_scripts(guest: Guest, output: Callable[[bytes], None]) -> tuple[str, ...]:
    """Run what `cloud-init clean` would run: the executable files of clean.d, sorted; returns their names.

    Raises as `run_scripts`.
    """
    index = guest.index((CLEAN_D,))
    folder = index.resolve(CLEAN_D)
    links = [entry.path for entry in index.children(folder) if entry.is_link] if folder is not None else []
    if links:
        index = guest.index((CLEAN_D, *links))
    ran = []
    for entry in index.children(folder) if folder is not None else ():
        target = index.resolve(entry.path)
        if target is not None and index[target].is_regular and index[target].mode & 0o111:
            _run(guest, printable(entry.path), (posixpath.join(CLEAN_D, entry.name),), {}, output)
            ran.append(entry.name)
    return tuple(ran)


def _run(
    guest: Guest, title: str, argv: tuple[str, ...], files: Mapping[str, bytes], output: Callable[[bytes], None]
) -> None:
    if not guest.features.can_run:
        raise InputError(
            f"{title}: the engine {guest.engine} cannot run programs of the guest",
            hint="work on a disk, with the engine guestfs or, as root, mount",
        )
    try:
        program = guest.run(argv, env=ENVIRONMENT, files=files, timeout=TIMEOUT)
    except ProcessError as error:
        raise ProcessError(f"{title}: {error.message}", log_tail=error.log_tail, hint=error.hint) from error
    except BuildError as error:
        raise BuildError(f"{title}: {error.message}", hint=error.hint) from error
    output(program.output)
    if program.returncode != 0:
        code = program.returncode
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise ProcessError(f"{title}: {how}", log_tail=tuple(_tail(program.output)))


def _tail(output: bytes) -> Iterator[str]:
    lines = output.decode("utf-8", "surrogateescape").splitlines()
    yield from (printable(line.replace("\t", "    ")) for line in lines[-TAIL_LINES:] if line.strip())
