"""GS614: what `ssh_pwauth` says is what sshd does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname

from goldsmith.findings import Severity, printable
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig

SETTING = re.compile(r"\s*PasswordAuthentication[\s=]+\"?(\w+)", re.IGNORECASE)
INCLUDED = re.compile(r"\s*Include\s+.*sshd_config\.d", re.IGNORECASE)
OWN = "/etc/ssh/sshd_config.d/50-cloud-init.conf"


@configuration_rule(
    "GS614",
    "`ssh_pwauth` is not undone",
    why="cloud-init writes the setting to sshd_config.d/50-cloud-init.conf, and in sshd the first one wins: a file "
    "that sorts before it, with the opposite, undoes it.",
    since="22.1",
    wrong="# and in sshd_config.d/10-lab.conf: PasswordAuthentication yes\nssh_pwauth: false\n",
    right="# and nothing in sshd_config.d\nssh_pwauth: false\n",
)
def password_login(subject: CloudConfig) -> Iterator[Fault]:
    wanted = subject.config.get("ssh_pwauth")
    place = subject.place("ssh_pwauth")
    if subject.image is None or not isinstance(wanted, bool) or place is None:
        return
    files = subject.image.files
    if not any(INCLUDED.match(line) for line in subject.image.lines("/etc/ssh/sshd_config")):
        return
    for path in sorted(path for path in files if dirname(path) == dirname(OWN) and path.endswith(".conf")):
        if path >= OWN:
            break
        said = next((match[1] for line in subject.image.lines(path) if (match := SETTING.match(line))), None)
        if said is not None:
            if (said.lower() == "yes") is not wanted:
                yield Fault(
                    Severity.WARNING,
                    place,
                    f"`ssh_pwauth: {str(wanted).lower()}` has no effect: {printable(path)} says "
                    f"PasswordAuthentication {printable(said)}, and sshd takes the first",
                    f"remove the line from {printable(path)}, or say there what you want",
                )
            break
