"""GS423: sshd asks for passwords exactly where the configuration says so, and takes no empty ones."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.first_boot_sshd import Sshd
from goldsmith.rules.clone.host_keys import SERVERS
from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, runs_cloud_init, system_rule, unproven
from goldsmith.rules.system import System

EARLIER = "a file of sshd_config.d sets it first"
EXPECTED = "sshd's settings as configured"


@system_rule("GS423", "ssh-settings", why="The first value of a keyword counts: an earlier file overrules cloud-init.")
def ssh_settings(case: CloneCase, system: System) -> Iterator[Judgment]:
    facts = case.clone.facts
    sshd, ran = system.sshd, runs_cloud_init(case) and facts is not None and facts.status is not None
    wanted = case.prediction.ssh_passwords if ran else None
    if sshd is None and facts is not None and SERVERS & set(facts.packages):
        yield unproven(EXPECTED, "sshd is installed, but its configuration is not where it is looked for")
    elif sshd is None:
        yield holds(EXPECTED, "does not apply: there is no sshd")
    elif sshd.empty_passwords:
        yield fails(EXPECTED, "PermitEmptyPasswords yes", "sshd lets in accounts with empty passwords")
    elif wanted is not None and sshd.passwords != wanted:
        by = f", said by {sshd.said_by}" if sshd.said_by else ", which is sshd's default"
        seen = f"PasswordAuthentication {_word(sshd.passwords)}"
        message = f"`ssh_pwauth: {str(wanted).lower()}` has no effect: sshd has {seen}{by}"
        yield fails(
            f"PasswordAuthentication {_word(wanted)}", seen, message, hint="a file of sshd_config.d sets it first"
        )
    elif wanted is False and sshd.asks_passwords:
        seen = "KbdInteractiveAuthentication yes, with PAM"
        message = "`ssh_pwauth: false` has no effect: sshd still asks for passwords in the keyboard-interactive way"
        yield fails("no way in by password", seen, message, hint="set KbdInteractiveAuthentication no")
    elif wanted is None and case.sealed.system is None:
        yield unproven(EXPECTED, "the sealed image's settings were not gathered")
    elif wanted is None and case.sealed.system is not None and case.sealed.system.sshd != sshd:
        yield fails(EXPECTED, _said(sshd), "the boot changed sshd's settings, and nothing in the configuration says so")
    else:
        yield holds(EXPECTED, _said(sshd))


def _said(sshd: Sshd) -> str:
    return (
        f"PasswordAuthentication {_word(sshd.passwords)}, "
        f"KbdInteractiveAuthentication {_word(sshd.interactive)}, PermitRootLogin {sshd.root}"
    )


def _word(value: bool) -> str:  # noqa: FBT001  a setting's value, not a switch
    return "yes" if value else "no"
