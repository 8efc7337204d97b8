"""GS607: a default user that was replaced is not there any more."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import GuestPlace, HostPlace, Severity, printable
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig

PASSWD = "/etc/passwd"
NAME = "system_info.default_user.name"
# Who a distribution's own image calls its default user.
KNOWN = {"debian": ("debian", "ubuntu"), "rhel": ("rocky", "almalinux", "cloud-user", "centos", "fedora", "ec2-user")}


@configuration_rule(
    "GS607",
    "the replaced default user is gone",
    why="cloud-init makes users and never removes one: where the old default user was made before the new name was "
    "set, it stays in every clone, with its sudo rule and the keys it had.",
    since="every version",
    wrong="# the user debian is in the image already\nsystem_info: {default_user: {name: admin}}\n",
    right="# no user is in the image yet\nsystem_info: {default_user: {name: admin}}\n",
)
def predecessor(subject: CloudConfig) -> Iterator[Fault]:
    place = subject.place("system_info", "default_user", "name")
    now = subject.effective.get(NAME)
    if place is None or not isinstance(now, str):
        return
    around = subject.image.files if subject.image is not None else {}
    if PASSWD not in around:
        yield from _unseen(subject, place, now)
    accounts = {line.split(":", 1)[0] for line in subject.image.lines(PASSWD)} if subject.image is not None else set()
    for old in sorted({*_weaker(subject), *KNOWN.get(subject.distro_family or "", ())} - {now}):
        if old in accounts:
            yield Fault(
                Severity.WARNING,
                place,
                f"the default user is {printable(now)}, but the user {printable(old)} is in the image already",
                "remove the account: `goldsmith generalize --operations defaults,user-account`, or build from a base "
                "that has not booted",
            )
        for path, content in sorted(around.items()):
            if path.startswith("/etc/sudoers") and _grants(content, old):
                yield Fault(
                    Severity.WARNING,
                    GuestPlace(path),
                    f"a sudo rule for {printable(old)}, who was replaced as default user, is still there",
                    "remove the rule: whoever gets that name later has it",
                )


def _unseen(subject: CloudConfig, place: HostPlace | GuestPlace, now: str) -> Iterator[Fault]:
    """Nobody knows the accounts of what this will lie in. A recipe's build looks at those of its base."""
    file = subject.setter("system_info", "default_user", "name")
    weaker = {*_weaker(subject)} - {now}
    if file is None or file.vendor or subject.datasource_decided or (subject.whole and not weaker):
        return
    known = {name for names in KNOWN.values() for name in names}
    old = " or ".join(sorted(map(printable, weaker))) or "the distribution's own default user"
    if weaker or now not in known:
        yield Fault(
            Severity.NOTE,
            place,
            f"the default user is {printable(now)}: if {old} was made before (the base booted once), that account "
            "stays in every clone",
            "see that /etc/passwd of the base does not have it, or remove it: "
            "`goldsmith generalize --operations defaults,user-account`",
        )


def _weaker(subject: CloudConfig) -> Iterator[str]:
    for file in subject.files:
        info = file.config.get("system_info")
        user = info.get("default_user") if isinstance(info, dict) else None
        name = user.get("name") if isinstance(user, dict) else None
        if isinstance(name, str):
            yield name


def _grants(content: bytes, user: str) -> bool:
    words = (line.split(None, 1)[:1] for line in content.decode("utf-8", "replace").splitlines())
    return [user] in list(words)
