"""GS308: the boot loader carries no machine-id."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed

CODE = "GS308"
EXPECTED = "no machine-id on the kernel's command line, none in names of boot entries"
CONFIGURATIONS = (
    "/boot/grub/grub.cfg",
    "/boot/grub2/grub.cfg",
    "/boot/loader/entries/*.conf",
    "/efi/loader/entries/*.conf",
    "/etc/default/grub",
    "/etc/kernel/cmdline",
)
ENTRIES = ("/boot/loader/entries/*.conf", "/efi/loader/entries/*.conf")
ON_COMMAND_LINE = re.compile(r"systemd\.machine_id=(?!firmware\b)\S+")
IN_NAME = re.compile(r"[0-9a-f]{32}-.*\.conf")
ZEROS = "0" * 32


@rule(
    CODE,
    "machine-id in the boot loader",
    needs=Needs.TREE,
    why="systemd.machine_id= overrides the file on every clone; entries named after an old id miss kernel updates.",
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    outcomes = [*_command_lines(subject), *_entries(subject)]
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


def _entries(subject: TreeSubject) -> Iterator[Outcome]:
    for entry in subject.view.find(*ENTRIES):
        if IN_NAME.fullmatch(entry.name) and not entry.name.startswith(ZEROS):
            yield failed(
                CODE,
                entry.path,
                EXPECTED,
                entry.name,
                "a boot entry is named after the machine-id of the build: it boots, but a kernel update cannot find it",
                hint="set /etc/kernel/entry-token before kernels are installed",
                severity=Severity.NOTE,
            )
