"""What every engine does with a guest program before it starts: its environment, its files, the services it must not
start. Pure.
"""

from __future__ import annotations

import re
import shlex

from goldsmith.errors import BuildError
from goldsmith.findings import printable
from goldsmith.guest.paths import is_canonical
from goldsmith.guest.worker.backend import Program

RUN = "/run/"
RESOLVER = "/etc/resolv.conf"
POLICY = "/usr/sbin/policy-rc.d"
# invoke-rc.d(8): 101 means that the action is forbidden.
POLICY_TEXT = b"#!/bin/sh\nexit 101\n"
# Debian's maintainer scripts ask policy-rc.d before they start a service. Others find no running systemd to ask.
POLICY_WITNESSES = ("/usr/sbin/invoke-rc.d",)
ENVIRONMENT = "/run/.goldsmith/environment"
DEFAULTS = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def started_by_shell(program: Program) -> list[str]:
    """The guest's own shell reads the environment and becomes the program; 127 or 126 where there is no such program.

    Through a file, because a command line can be read by every user of the host.
    """
    return ["/bin/sh", "-c", '. "$0"; exec "$@"', ENVIRONMENT, *program.argv]


def shown_files(program: Program) -> dict[str, bytes]:
    """What has to lie below /run for one program: guest path → content. Raises BuildError for impossible names."""
    for name in program.files:
        if not is_canonical(RUN + name):
            raise BuildError(f"a guest program's file cannot be named {printable(RUN + name)}")
    for name in program.env:
        if not NAME.fullmatch(name):
            raise BuildError(f"a guest program's environment cannot have the name {printable(name)}")
    values = {**DEFAULTS, **program.env}
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in values.items()]
    environment = "".join(lines).encode("utf-8", "surrogateescape")
    return {ENVIRONMENT: environment, **{RUN + name: content for name, content in program.files.items()}}
