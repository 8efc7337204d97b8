"""Let the real virt-sysprep generalize a disk, and look again at what it left."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from goldsmith import settings
from goldsmith.disk.disk import Disk
from goldsmith.errors import ProcessError
from goldsmith.events import Emit, Note, Progress
from goldsmith.findings import Severity, printable
from goldsmith.generalization.generalize import Generalized, Keep, generalize, preview
from goldsmith.generalization.look import look
from goldsmith.generalization.operation import Operation
from goldsmith.generalization.plan import plan
from goldsmith.generalization.report import tally
from goldsmith.generalization.virt_sysprep import (
    PROGRAM,
    Before,
    Wish,
    argv,
    changes,
    environment,
    installed_operations,
    performed,
    require_kept,
    translate,
)
from goldsmith.guest.change import Plan
from goldsmith.guest.guest import Guest
from goldsmith.pipeline.step import step
from goldsmith.pipeline.steps.generalize import GeneralizedGuest, say
from goldsmith.run import require, run, running

# Seconds. 24 to 36 under emulation on an idle host; a guest with millions of files takes minutes.
TIMEOUT = 1800.0
LIST_TIMEOUT = 60.0
TAIL_LINES = 20
WARNING = f"{PROGRAM}: warning: "
ERROR = f"{PROGRAM}: error: "


@dataclass(frozen=True, slots=True)
class Swept:
    """The operations that virt-sysprep was told, and its version."""

    version: str
    operations: tuple[str, ...]

    @property
    def summary(self) -> str:
        return f"{len(self.operations)} operations of {self.version}, customize not among them"


def require_virt_sysprep() -> None:
    """Before any work. Raises HostError with the install line."""
    require(PROGRAM)


def remember(
    guest: Guest, operations: Sequence[Operation], keep: Sequence[Keep], declared: Collection[str] = ()
) -> Before:
    """What the guest is before virt-sysprep has it."""
    kept = preview(guest, operations, keep=keep, declared=declared).plan.kept
    guest.sync()
    return Before(guest.index(), {each.path: each.operation for each in kept})


@step(PROGRAM)
def run_virt_sysprep(emit: Emit, disk: Disk, wish: Wish, *, scratch: Path, accelerated: bool) -> Swept:
    """The disk is changed in place, and is open nowhere else.

    Raises HostError where virt-sysprep is not installed, InputError where it can do nothing of what is wished,
    ProcessError where it fails or does not end in time.
    """
    version = run([PROGRAM, "--version"], timeout=LIST_TIMEOUT).stdout.decode("utf-8", "replace").strip()
    listing = run([PROGRAM, "--list-operations"], timeout=LIST_TIMEOUT).stdout.decode("utf-8", "replace")
    operations = translate(wish.operations, installed_operations(listing))
    cache = settings.cache_dir() / "appliance"
    cache.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="virt-sysprep-", dir=scratch) as made,
        (Path(made) / "log").open("wb") as log,
    ):
        env = environment(tmp=made, cache=str(cache), accelerated=accelerated)
        returncode = _watched(emit, argv(disk, operations, wish), env, log, len(operations))
        said = (Path(made) / "log").read_text(encoding="utf-8", errors="replace").splitlines()
    if returncode != 0:
        raise _failure(returncode, disk, said)
    for line in said:
        if line.startswith(WARNING):
            emit(Note(f"{PROGRAM}: {printable(line.removeprefix(WARNING))}", warning=True))
    return Swept(printable(version) or PROGRAM, operations)


@step("second-look")
def look_again(
    emit: Emit,
    guest: Guest,
    operations: Sequence[Operation],
    keep: Sequence[Keep],
    declared: Collection[str],
    *,
    before: Before,
    follow: bool,
) -> GeneralizedGuest:
    """What virt-sysprep did, and what goldsmith's operations would still change: it is told and left, or, with
    `follow`, taken out. `second` of the result is what is left.

    Raises BuildError where virt-sysprep changed what is to stay.
    """
    done = changes(before.index, guest.index(), guest.read)
    require_kept(done, before, keep, declared)
    if follow:
        result = generalize(guest, operations, keep=keep, declared=declared)
        say(emit, result.idle, result.remarks)
        guest.sync()
        both = Plan((*done.changes, *result.applied.changes), result.applied.kept)
        return GeneralizedGuest(replace(result, applied=both))
    left = plan(look(guest, operations), operations, keep=keep, declared=declared)
    bad = {each.name for each in operations if each.severity is Severity.ERROR}
    for each in tally(left):
        if each.changes:
            weight = "; the audit refuses that" if each.operation in bad else ""
            paths = [printable(change.path) for change in left if change.operation == each.operation]
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            emit(Note(f"{PROGRAM} left what {each.operation} removes: {paths[0]}{more}{weight}", warning=True))
    return GeneralizedGuest(Generalized(applied=Plan(done.changes, left.kept), second=left))


def _watched(emit: Emit, words: Sequence[str], env: dict[str, str], log: IO[bytes], total: int) -> int:
    """The exit code. Raises ProcessError where it does not end in time."""
    deadline = time.monotonic() + TIMEOUT
    older, sockets, told = _sockets(), set[str](), 0
    try:
        with running(words, log=log, env=env) as process:
            try:
                while (returncode := process.wait(0.5)) is None:
                    printed = _read(log)
                    if time.monotonic() > deadline:
                        tail = printed.decode("utf-8", "replace").splitlines()[-TAIL_LINES:]
                        raise ProcessError(f"{PROGRAM} did not end within {TIMEOUT:.0f} s", log_tail=tail)
                    if (done := len(performed(printed))) > told:
                        told = done
                        emit(Progress(PROGRAM, done, total, "operations"))
            finally:
                sockets |= _sockets() - older
    finally:
        # Killed, libguestfs leaves the folder where it waited for its appliance.
        for left in sockets - _sockets():
            shutil.rmtree(Path(left).parent, ignore_errors=True)
    return returncode


def _sockets() -> set[str]:
    """The sockets of all libguestfs appliances of this host that somebody has open."""
    lines = Path("/proc/net/unix").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    paths = (line.split(maxsplit=7)[-1] for line in lines)
    return {path for path in paths if path.endswith("/guestfsd.sock") and "/libguestfs" in path}


def _read(log: IO[bytes]) -> bytes:
    with Path(log.name).open("rb") as file:
        return file.read()


def _failure(returncode: int, disk: Disk, said: Sequence[str]) -> ProcessError:
    why = next((line.removeprefix(ERROR) for line in reversed(said) if line.startswith(ERROR)), "")
    text = "\n".join(said)
    hint = f"try it by hand: {PROGRAM} --dry-run --format={disk.format.value} --add DISK"
    if 'Failed to get "write" lock' in text or "Is another process using the image" in text:
        hint = "the disk is in use: shut its machine down"
    message = f"{PROGRAM} ended with exit code {returncode}"
    return ProcessError(f"{message}: {printable(why)}" if why else message, log_tail=said[-TAIL_LINES:], hint=hint)
