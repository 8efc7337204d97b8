"""The machine-id, in the state from which each clone makes its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.first_boot import FIRST_BOOT_ROOTS, State, choose, switched_units
from goldsmith.generalization.operation import Remark, operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import ABSENT, Change, Write
from goldsmith.guest.index import Entry

NAME = "machine-id"
MACHINE_ID = "/etc/machine-id"
DBUS_ID = "/var/lib/dbus/machine-id"
REASON = "clones would share one machine-id"
ID = re.compile(rb"[0-9a-fA-F-]{32,36}\s*")
CONTENT = {State.EMPTY: b"", State.UNINITIALIZED: b"uninitialized\n"}


def _remarks(view: View) -> Iterator[Remark]:
    """What the state costs or brings: units that do not run, and units that presets switch."""
    if view.info.init != "systemd":
        return
    if view.spares(MACHINE_ID):
        kept = view.read(MACHINE_ID, limit=64)
        if kept is None or kept.strip() == b"uninitialized":
            for each in switched_units(view):
                verb = "on" if each.on else "off"
                yield Remark(NAME, each.unit.path, f"a preset switches it {verb} at the first boot of each clone")
        return
    choice = choose(view)
    for unit in choice.waiting:
        if choice.state is State.UNINITIALIZED:
            yield Remark(NAME, unit.path, "runs at the first boot of each clone: machine-id is left `uninitialized`")
        else:
            yield Remark(NAME, unit.path, f"waits for a first boot and will not run on clones, because {choice.why}")


@operation(
    NAME,
    covers="/etc/machine-id and D-Bus's copy",
    roots=(MACHINE_ID, DBUS_ID, *FIRST_BOOT_ROOTS),
    upstream="virt-sysprep machine-id (which its customize fills again); cloud-init clean --machine-id",
    severity=Severity.ERROR,
    remarks=_remarks,
)
def plan(view: View) -> Iterator[Change]:
    """On systemd guests the file is left *empty*: the id is made at boot and saved, and that is all.

    `uninitialized`, or no file at all, also makes the boot a *first boot*: systemd then applies presets to all units,
    which enables again what the recipe disabled (Debian presets everything on) and, where systemd is built with
    first-boot-full-preset (Fedora, RHEL 10), disables what it enabled; systemd-firstboot may ask on the console. With
    no file and / still read-only early in the boot, systemd cannot even mount an id in its place. So a missing file is
    made, mode 0444.

    The file says `uninitialized` only where units of others wait for a first boot, systemd is 247 or later, presets
    would change nothing and nothing would ask. Units that wait in vain are named in a note.

    Without systemd the file goes: only D-Bus reads it, `dbus-uuidgen --ensure` makes a missing one and refuses an empty
    one.

    D-Bus's copy goes unless it is a link to the file above: systemd takes an id that it finds there over for an empty
    /etc/machine-id. Both systemd's tmpfiles and dbus make the missing path again.
    """
    target = view.index.resolve(MACHINE_ID)
    choice = choose(view)
    if choice.state is State.ABSENT:
        yield from view.remove_matching((MACHINE_ID,), NAME, REASON)
    else:
        yield from _systemd(view, target, CONTENT[choice.state])
    for copy in view.find(DBUS_ID):
        leads_there = copy.is_link and (view.index.resolve(DBUS_ID) or copy.target) in {target, MACHINE_ID}
        if copy.path != target and not leads_there:
            yield from view.remove(copy, NAME, REASON)


def _systemd(view: View, target: str | None, content: bytes) -> Iterator[Change]:
    entry: Entry | None = view.index.get(MACHINE_ID)
    if entry is None and "/etc" in view.index:
        reason = "systemd needs it"
        yield Write(path=MACHINE_ID, seen=ABSENT, operation=NAME, reason=reason, content=content, mode=0o444)
    elif entry is not None and entry.is_regular:
        yield from _say(view, entry, content)
    elif target is not None and ID.fullmatch(view.read(target, limit=64) or b""):
        # A link keeps leading where it did, to a file that holds an id and nothing else.
        yield from _say(view, view.index[target], content)


def _say(view: View, entry: Entry, content: bytes) -> Iterator[Change]:
    yield from view.rewrite(entry, content, NAME, REASON) if content else view.truncate(entry, NAME, REASON)
