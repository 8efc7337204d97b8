"""GS614: what `ssh_pwauth` says is what sshd does."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.first_boot_applied import read_flag
from goldsmith.cloudinit.first_boot_sshd import sshd_settings, with_password_authentication
from goldsmith.findings import Severity, printable
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig


@configuration_rule(
    "GS614",
    "`ssh_pwauth` is not undone",
    why="cloud-init writes the setting to sshd_config.d/50-cloud-init.conf, and in sshd the first one wins: a file "
    "that sorts before it, or a line of sshd_config above its Include, with the opposite, undoes it.",
    since="22.1",
    wrong="# and in sshd_config.d/10-lab.conf: PasswordAuthentication yes\nssh_pwauth: false\n",
    right="# and nothing in sshd_config.d\nssh_pwauth: false\n",
)
def password_login(subject: CloudConfig) -> Iterator[Fault]:
    wanted = read_flag(subject.config.get("ssh_pwauth"))
    place = subject.place("ssh_pwauth")
    if subject.image is None or wanted is None or place is None:
        return
    after = sshd_settings(with_password_authentication(subject.image.files, allowed=wanted))
    if after is None or after.passwords is wanted:
        return
    word = "yes" if after.passwords else "no"
    says = f"{printable(after.said_by)} says" if after.said_by else "no file that sshd reads for all says so:"
    yield Fault(
        Severity.WARNING,
        place,
        f"`ssh_pwauth: {str(wanted).lower()}` has no effect: {says} PasswordAuthentication {word}"
        + (", and sshd takes the first" if after.said_by else " is its default"),
        f"remove the line from {printable(after.said_by)}, or say there what you want"
        if after.said_by
        else "let sshd_config include sshd_config.d/*.conf before any Match",
    )
