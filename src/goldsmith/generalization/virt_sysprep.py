"""The real virt-sysprep as a choice: which of its operations run, how it is told, and what it did to a tree. Pure.

Whoever trusts that tool keeps it, and still gets the second look, the audit and the proof. It is never let to
`customize`: on by default and run last, that fills an empty machine-id and random seed anew, so that all clones share
them (guestfs-tools 1.48 to 1.57; Red Hat bug 1557042).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from goldsmith.disk.disk import Disk
from goldsmith.errors import BuildError, InputError
from goldsmith.findings import printable
from goldsmith.generalization.operations.user_account import NAME as USER_ACCOUNT
from goldsmith.generalization.sparing import Keep, canonical, why_spared
from goldsmith.guest.change import Change, Link, MakeDirectory, Plan, Remove, Seen, SetAttributes, Write
from goldsmith.guest.index import Entry, FileType, Index

PROGRAM = "virt-sysprep"
# Beside customize: new file system UUIDs leave an image that does not boot, and scripts would run on the host.
NEVER = frozenset({"customize", "fs-uuids", "script"})
PERFORMING = re.compile(rb'Performing "([a-z0-9-]+)"')
NAMED = 5
# What it leaves in a file is told, not judged: a longer one is told as empty.
READ_LIMIT = 1 << 20


class Tool(StrEnum):
    """Who generalizes: the recipe's `generalize.with`."""

    GOLDSMITH = "goldsmith"
    VIRT_SYSPREP = "virt-sysprep"


CHOICES: tuple[tuple[Tool, ...], ...] = (
    (Tool.GOLDSMITH,),
    (Tool.VIRT_SYSPREP,),
    (Tool.VIRT_SYSPREP, Tool.GOLDSMITH),
)
"""What `with` can say; goldsmith after virt-sysprep takes out what that left."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What virt-sysprep is to do, in the words of the recipe or the command line."""

    operations: str = "defaults"
    keep_user_accounts: tuple[str, ...] = ()
    remove_user_accounts: tuple[str, ...] = ()


BY_DEFAULT = Wish()


@dataclass(frozen=True, slots=True)
class Before:
    """A guest before virt-sysprep had it: its tree, and by path which operation would have taken what is spared."""

    index: Index
    spared: Mapping[str, str] = field(default_factory=dict)


def installed_operations(listing: str) -> dict[str, bool]:
    """Operation → whether it is a default, from `virt-sysprep --list-operations`: a name, a star or a blank, and what
    it does. Raises BuildError for a listing that is none.
    """
    lines = [line.split(" ", 2) for line in listing.splitlines() if line.strip()]
    found = {words[0]: len(words) > 1 and words[1] == "*" for words in lines}
    if "machine-id" not in found:
        raise BuildError(f"`{PROGRAM} --list-operations` does not list its operations")
    return found


def translate(expression: str, installed: Mapping[str, bool]) -> tuple[str, ...]:
    """The operations of the installed virt-sysprep that a list names, sorted; the list was accepted by `select`.

    `defaults` are virt-sysprep's own. What only goldsmith has, or this version lacks, is left out: the second look
    names what it left. Raises InputError where nothing remains.
    """
    known = {name for name in installed if name not in NEVER}
    sets = {"defaults": {name for name in known if installed[name]}, "all": known}
    chosen: set[str] = set()
    for word in (item.strip() for item in expression.split(",")):
        names = sets.get(word.removeprefix("-"), {word.removeprefix("-")} & known)
        chosen = chosen - names if word.startswith("-") else chosen | names
    if not chosen:
        raise InputError(
            f"the list of operations {expression!r} selects nothing that the installed {PROGRAM} can do",
            hint=f"`{PROGRAM} --list-operations` names what it can",
        )
    return tuple(sorted(chosen))


def argv(disk: Disk, operations: Sequence[str], wish: Wish) -> list[str]:
    """The whole command line; the disk's format is stated, and each of its backing files states its own.

    Accounts are named only for the operation that removes them: virt-sysprep refuses to hear of them without it.
    """
    accounts = [f"--keep-user-accounts={name}" for name in wish.keep_user_accounts]
    accounts += [f"--remove-user-accounts={name}" for name in wish.remove_user_accounts]
    if USER_ACCOUNT not in operations:
        accounts = []
    path = str(disk.path.absolute())
    return [PROGRAM, f"--operations={','.join(operations)}", *accounts, f"--format={disk.format.value}", "--add", path]


def environment(*, tmp: str, cache: str, accelerated: bool) -> dict[str, str]:
    """What libguestfs reads (guestfs(3)): no libvirt, and no hardware virtualization where that was not proven."""
    emulated = {} if accelerated else {"LIBGUESTFS_BACKEND_SETTINGS": "force_tcg"}
    return {"LIBGUESTFS_BACKEND": "direct", **emulated, "LIBGUESTFS_CACHEDIR": cache, "TMPDIR": tmp}


def performed(log: bytes) -> list[str]:
    """The operations that have begun, by what virt-sysprep prints."""
    return [name.decode("ascii") for name in PERFORMING.findall(log)]


def changes(before: Index, after: Index, read: Callable[[str, int], bytes]) -> Plan:
    """What a tool did to a tree, as if it had been planned: for the report, never to be applied.

    Removals come first, content before its directory. Times of directories say nothing.
    """
    gone = [_removal(before[path]) for path in before if path not in after]
    made = [change for path in after for change in _made(before.get(path), after[path], read)]
    return Plan((*sorted(gone, key=lambda change: change.path, reverse=True), *sorted(made, key=_path)))


def require_kept(done: Plan, before: Before, keep: Sequence[Keep], declared: Collection[str]) -> None:
    """Raises BuildError where virt-sysprep, which spares nothing, changed what is to stay."""
    spared = canonical(before.index, declared)
    lost = [(change.path, why) for change in done if (why := why_spared(change.path, keep, spared)) is not None]
    if not lost:
        return
    named = ", ".join(f"{printable(path)} ({printable(why)})" for path, why in lost[:NAMED])
    more = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
    operations = sorted({before.spared[path] for path, _ in lost if path in before.spared})
    without = ",".join(("defaults", *(f"-{name}" for name in operations or ("NAME",))))
    raise BuildError(
        f"{PROGRAM} changed what is to stay: {named}{more}",
        hint=f"leave its operation out (`operations: {without}`), or let goldsmith generalize, which spares it",
    )


def _removal(entry: Entry) -> Change:
    size = entry.size if entry.is_regular else 0
    return Remove(path=entry.path, seen=Seen.of(entry), operation=PROGRAM, reason=f"{PROGRAM} removed it", bytes=size)


def _made(was: Entry | None, entry: Entry, read: Callable[[str, int], bytes]) -> Iterator[Change]:
    """What differs at one path, as changes."""
    replaced = was is not None and was.type is not entry.type
    if was is not None and replaced:
        yield _removal(was)
    old = None if replaced else was
    seen, reason = Seen.of(old), f"{PROGRAM} {'changed' if old else 'made'} it"
    match entry.type:
        case FileType.REGULAR if old is None or (old.size, old.mtime) != (entry.size, entry.mtime):
            content = read(entry.path, READ_LIMIT) if 0 < entry.size <= READ_LIMIT else b""
            size = old.size if old else 0
            yield Write(path=entry.path, seen=seen, operation=PROGRAM, reason=reason, bytes=size, content=content)
        case FileType.SYMLINK if old is None or old.target != entry.target:
            target = entry.target or ""
            yield Link(path=entry.path, seen=seen, operation=PROGRAM, reason=reason, target=target)
        case FileType.DIRECTORY if old is None:
            yield MakeDirectory(path=entry.path, seen=seen, operation=PROGRAM, reason=reason, mode=entry.mode)
        case _ if old is not None and (old.mode, old.uid, old.gid) != (entry.mode, entry.uid, entry.gid):
            yield SetAttributes(
                path=entry.path,
                seen=seen,
                operation=PROGRAM,
                reason=reason,
                mode=entry.mode,
                uid=entry.uid,
                gid=entry.gid,
            )
        case _:
            return


def _path(change: Change) -> str:
    return change.path
