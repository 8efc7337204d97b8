"""The build machine's name."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "hostname"
HOSTNAME = "/etc/hostname"
HOSTS = "/etc/hosts"
MACHINE_INFO = "/etc/machine-info"
NO_NAMES = {"", "localhost", "localhost.localdomain", "localhost.localdomain6", "(none)"}
# Of machine-info, what tells machines apart: the rest (deployment, chassis) may be meant for all clones.
OF_ONE_MACHINE = ("PRETTY_HOSTNAME=", "KERNEL_INSTALL_MACHINE_ID=", "HARDWARE_")


@operation(
    NAME,
    covers="/etc/hostname, its line in /etc/hosts, the pretty name in machine-info; a name that the recipe gave stays",
    roots=(HOSTNAME, HOSTS, MACHINE_INFO),
    upstream="virt-sysprep net-hostname (which touches ifcfg files only)",
)
def plan(view: View) -> Iterator[Change]:
    """Debian's images say `localhost`, for its tools want a name in the file; elsewhere the file is emptied, so that
    DHCP may name the machine. cloud-init sets the name when its datasource has one. The line for 127.0.1.1 goes only
    together with the name that it resolves.
    """
    name = "".join(view.lines(HOSTNAME)).strip()
    entry = view.index.get(HOSTNAME)
    if entry is not None and entry.is_regular and name not in NO_NAMES and not view.spares(HOSTNAME):
        content = b"localhost\n" if view.info.family == "debian" else b""
        yield from view.rewrite(entry, content, NAME, "the name of the build machine")
        for hosts in view.find(HOSTS):
            yield from view.keep_lines(hosts, lambda line: not _names(line, name), NAME, "the build machine's name")
    for info in view.find(MACHINE_INFO):
        lines = view.lines(info.path)
        kept = [line for line in lines if not line.startswith(OF_ONE_MACHINE)]
        if len(kept) < len(lines) and not any(line.strip() for line in kept):
            yield from view.remove(info, NAME, "tells machines apart")
        else:
            yield from view.keep_lines(info, kept.__contains__, NAME, "tells machines apart")


def _names(line: str, name: str) -> bool:
    words = line.partition("#")[0].split()
    return (
        bool(words) and words[0] == "127.0.1.1" and name.partition(".")[0] in {w.partition(".")[0] for w in words[1:]}
    )
