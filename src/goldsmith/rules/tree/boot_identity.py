"""GS308: the boot loader carries no machine-id."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.guest.index import Entry
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed

CODE = "GS308"
EXPECTED = "no machine-id on the kernel's command line, none in names of boot entries"
# /boot, and where the ESP or XBOOTLDR may be mounted.
TOPS = ("/boot", "/boot/efi", "/efi")
ENTRIES = tuple(f"{top}/loader/entries/*.conf" for top in TOPS)
CONFIGURATIONS = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", *ENTRIES, "/etc/default/grub", "/etc/kernel/cmdline")
# kernel-install(8): the name under which it lists kernels, and its own configuration.
TOKEN = "/etc/kernel/entry-token"
INSTALL = "/etc/kernel/install.conf"
ON_COMMAND_LINE = re.compile(r"systemd\.machine_id=(?!firmware\b)\S+")
ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
ENTRY = re.compile(rf"({ID.pattern})-.*\.conf")
INSTALLED = re.compile(rf"\s*(?:KERNEL_INSTALL_)?MACHINE_ID=[\"']?{ID.pattern}")


@rule(
    CODE,
    "machine-id in the boot loader",
    needs=Needs.TREE,
    why="systemd.machine_id= overrides the file on every clone; entries named after an old id miss kernel updates.",
    roots=TOPS[1:],
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    outcomes = [*_command_lines(subject), *_installer(subject), *_entries(subject)]
    yield from outcomes or [passed(CODE, "/boot", EXPECTED, "none")]


def _command_lines(subject: TreeSubject) -> Iterator[Outcome]:
    for entry in subject.view.find(*CONFIGURATIONS):
        said = [line for line in subject.view.lines(entry.path) if not line.lstrip().startswith("#")]
        if any(ON_COMMAND_LINE.search(line) for line in said):
            yield failed(
                CODE,
                entry.path,
                EXPECTED,
                "systemd.machine_id=",
                "the kernel's command line gives every clone one machine-id",
                hint="remove systemd.machine_id= and make the boot loader's configuration again",
            )


def _installer(subject: TreeSubject) -> Iterator[Outcome]:
    if ID.fullmatch(token := _token(subject)):
        yield _named(
            subject.view.index[TOKEN],
            f"boot entries of every clone are named after the machine-id of the build, {token}",
            "no clone is identified by it; another token only helps if it is written before kernels are installed",
        )
    for entry in subject.view.find(INSTALL):
        if any(INSTALLED.match(line) for line in subject.view.lines(entry.path)):
            yield failed(
                CODE,
                entry.path,
                EXPECTED,
                "MACHINE_ID=",
                "kernel-install takes the machine-id of the build for every clone's",
                hint=f"remove the line; a name for boot entries goes into {TOKEN}",
                severity=Severity.WARNING,
            )


def _entries(subject: TreeSubject) -> Iterator[Outcome]:
    token = _token(subject)
    for entry in subject.view.find(*ENTRIES):
        if not (found := ENTRY.fullmatch(entry.name)):
            continue
        if found[1] == token:
            message = f"a boot entry is named after the machine-id of the build; kernel updates find it by {TOKEN}"
            yield _named(entry, message, "no clone is identified by it")
        else:
            yield _named(
                entry,
                "a boot entry is named after the machine-id of the build: it boots, but a kernel update cannot find it",
                f"set {TOKEN} before kernels are installed",
            )
    for top in TOPS:
        for entry in subject.view.index.children(top) if top in subject.view.index else ():
            if entry.is_directory and ID.fullmatch(entry.name):
                message = "a folder of kernels is named after the machine-id of the build"
                yield _named(entry, message, f"set {TOKEN} before kernels are installed")


def _token(subject: TreeSubject) -> str:
    return subject.read(TOKEN, limit=1 << 10).decode("ascii", "replace").strip()


def _named(entry: Entry, message: str, hint: str) -> Outcome:
    """A note: what a clone is does not depend on it."""
    return failed(CODE, entry.path, EXPECTED, entry.name, message, hint=hint, severity=Severity.NOTE)
