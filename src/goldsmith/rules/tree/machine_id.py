"""GS301: no clone inherits a machine-id."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity, printable
from goldsmith.generalization.first_boot import State, choose
from goldsmith.generalization.operations.machine_id import DBUS_ID, MACHINE_ID, NAME
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed, unproven

CODE = "GS301"
EXPECTED = "no machine-id: the file empty, absent without systemd, `uninitialized` where units wait for that"
ID = re.compile(r"[0-9a-f]{32}")
HINT = "run the operation machine-id last; virt-sysprep's customize fills the file again"


@rule(
    CODE,
    "machine-id",
    needs=Needs.TREE,
    why="Machines with one machine-id get one address from DHCP, one journal identity and one D-Bus identity.",
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    if "/etc" not in subject.view.index:
        yield unproven(CODE, MACHINE_ID, EXPECTED, "/etc was not listed")
        return
    yield _etc(subject)
    yield from _dbus(subject)


def _etc(subject: TreeSubject) -> Outcome:
    view = subject.view
    entry = view.index.locate(MACHINE_ID)
    if entry is None:
        if view.info.init != "systemd":
            return passed(CODE, MACHINE_ID, EXPECTED, "absent")
        message = "there is no machine-id file: systemd takes the boot for a first one and applies presets to all units"
        return failed(
            CODE, MACHINE_ID, EXPECTED, "absent", message, hint="leave an empty file", severity=Severity.WARNING
        )
    content = view.read(MACHINE_ID, limit=4096)
    if content is None:
        leads_to_run = entry.is_link and (entry.target or "").lstrip("./").startswith("run/")
        if leads_to_run:
            return passed(CODE, MACHINE_ID, EXPECTED, f"a link to {printable(entry.target or '')}")
        seen = f"a {entry.type} that cannot be read"
        return failed(CODE, MACHINE_ID, EXPECTED, seen, f"{MACHINE_ID} is {seen}", hint="leave an empty regular file")
    text = content.decode("utf-8", "replace").strip()
    if not text:
        return passed(CODE, MACHINE_ID, EXPECTED, "empty")
    if text == "uninitialized":
        if choose(view).state is State.UNINITIALIZED:
            return passed(
                CODE, MACHINE_ID, EXPECTED, f"{text}: units wait for a first boot, and presets change nothing"
            )
        message = "the machine-id is `uninitialized`: the first boot applies presets to all units"
        hint = "an empty file keeps units as they were enabled and disabled in the image"
        return failed(CODE, MACHINE_ID, EXPECTED, text, message, hint=hint, severity=Severity.WARNING)
    return _identity(subject, MACHINE_ID, text)


def _dbus(subject: TreeSubject) -> Iterator[Outcome]:
    entry = subject.view.index.locate(DBUS_ID)
    if entry is None or entry.is_link:
        return
    text = (subject.view.read(DBUS_ID, limit=4096) or b"").decode("utf-8", "replace").strip()
    if text:
        yield _identity(subject, DBUS_ID, text)


def _identity(subject: TreeSubject, path: str, text: str) -> Outcome:
    seen = text if ID.fullmatch(text) else printable(text[:64])
    why = subject.why_left(NAME, path)
    message = f"every clone would have the machine-id {seen}" + (f" ({why})" if why else "")
    return failed(CODE, path, EXPECTED, seen, message, hint=HINT, severity=Severity.WARNING if why else Severity.ERROR)
