"""Take out what a clone must not inherit: plan, apply, and plan again until nothing is left to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from goldsmith.customization import hostfiles
from goldsmith.customization.kinds.run import LARGEST_SCRIPT, interpreter
from goldsmith.events import Emit, Note
from goldsmith.findings import printable
from goldsmith.generalization.generalize import Generalized, Keep, generalize
from goldsmith.generalization.operation import Operation, Remark
from goldsmith.generalization.report import freed
from goldsmith.generalization.scripts import Script, run_clean_scripts, run_scripts
from goldsmith.guest.guest import Guest
from goldsmith.pipeline.step import step

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Scripts:
    """What runs inside the guest first: scripts of the host, and, if wanted, cloud-init's clean.d."""

    own: tuple[Script, ...] = ()
    clean_d: bool = False

    def __bool__(self) -> bool:
        return bool(self.own) or self.clean_d


NO_SCRIPTS = Scripts()


@dataclass(frozen=True, slots=True)
class GeneralizedGuest:
    result: Generalized

    @property
    def summary(self) -> str:
        changes, left = self.result.applied, len(self.result.second)
        size = sum(freed(change) for change in changes) / MIB
        second = f"{left} more would be made" if left else "second plan empty"
        return f"{len(changes)} changes, {size:.1f} MiB freed, {second}"


@step("generalize")
def generalize_guest(
    emit: Emit,
    guest: Guest,
    operations: Sequence[Operation],
    keep: Sequence[Keep],
    declared: Collection[str],
    *,
    scripts: Scripts = NO_SCRIPTS,
    output: Callable[[bytes], None] = lambda _: None,
) -> GeneralizedGuest:
    """`output` gets what scripts print."""
    perform(emit, guest, scripts, output)
    result = generalize(guest, operations, keep=keep, declared=declared)
    say(emit, result.idle, result.remarks)
    guest.sync()
    return GeneralizedGuest(result)


def perform(emit: Emit, guest: Guest, scripts: Scripts, output: Callable[[bytes], None] = lambda _: None) -> None:
    """Run the scripts; `output` gets what they print."""
    if scripts.clean_d:
        ran = run_clean_scripts(guest, output)
        emit(Note(f"ran in the guest: {', '.join(map(printable, ran)) or 'nothing, clean.d is empty'}"))
    run_scripts(guest, scripts.own, output)


def appending(log: Path, mask: Callable[[bytes], bytes]) -> Callable[[bytes], None]:
    """An `output` that appends to a file what programs print, masked."""

    def output(printed: bytes) -> None:
        with log.open("ab") as file:
            file.write(mask(printed))

    return output


def say(emit: Emit, idle: Sequence[Keep], remarks: Sequence[Remark]) -> None:
    """Tell what spared nothing, and what the operations remark."""
    for keep in idle:
        emit(Note(f"keep {keep.pattern} spared nothing", warning=True))
    for remark in remarks:
        emit(Note(f"{remark.operation}: {printable(remark.path)}: {remark.message}"))


def read_scripts(folder: Path, names: Sequence[str], *, title: str) -> tuple[Script, ...]:
    """The scripts of the host that a recipe or a command line names. Raises InputError for what is none."""
    found = []
    for name in names:
        step_title = f"{title} {name}"
        content = hostfiles.read(folder, name, step=step_title, limit=LARGEST_SCRIPT)
        found.append(Script(name, interpreter(content, step=step_title), content))
    return tuple(found)
