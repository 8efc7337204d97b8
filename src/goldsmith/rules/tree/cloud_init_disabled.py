"""GS306: cloud-init is not switched off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed

CODE = "GS306"
MARKER = "/etc/cloud/cloud-init.disabled"
EXPECTED = "nothing that switches cloud-init off"
CONFIGURATIONS = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/boot/loader/entries/*.conf", "/etc/kernel/cmdline")
SWITCH = re.compile(r"(?<!\S)cloud-init=disabled(?!\S)")


@rule(
    CODE,
    "cloud-init switched off",
    needs=Needs.TREE,
    why="A marker file or a word on the kernel's command line keeps cloud-init from ever configuring a clone.",
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    view = subject.view
    if view.info.cloud_init_version is None:
        yield passed(CODE, MARKER, EXPECTED, "cloud-init is not installed")
        return
    places = []
    if (entry := view.index.locate(MARKER)) is not None:
        # systemd's condition follows links: a dangling one switches nothing off, but nobody means it.
        dangling = entry.is_link and view.index.resolve(MARKER) is None
        places.append((MARKER, "a dangling marker of a switched-off cloud-init" if dangling else "cloud-init is off"))
    places.extend(
        (entry.path, "cloud-init is off on the kernel's command line")
        for entry in view.find(*CONFIGURATIONS)
        if any(SWITCH.search(line) and not line.lstrip().startswith("#") for line in view.lines(entry.path))
    )
    for path, message in places:
        yield failed(
            CODE,
            path,
            EXPECTED,
            "there",
            f"{message}: a clone would not get its users, keys and hostname",
            hint="remove it, unless the image is meant to be configured by hand",
            severity=Severity.WARNING,
        )
    if not places:
        yield passed(CODE, MARKER, EXPECTED, "nothing")
