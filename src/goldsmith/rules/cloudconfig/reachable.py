"""GS608: somebody can log in."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.datasource import Seed
from goldsmith.cloudinit.first_boot import FirstBoot, predict
from goldsmith.cloudinit.first_boot_accounts import Account
from goldsmith.cloudinit.shipped import shipped_by
from goldsmith.findings import Severity, printable
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig

WHO = (("system_info", "default_user", "name"), ("system_info", "default_user"), ("users",), ("user",))

SHIPPED = {"rhel": "rocky/9"}


@configuration_rule(
    "GS608",
    "somebody can log in",
    why="The default user's password is locked and its keys come from user-data or a cloud's metadata: a clone that is "
    "given neither lets nobody in, on the console either. That may be meant; it should not be a surprise.",
    since="every version",
    wrong="system_info:\n  default_user: {name: admin}\nusers: [default]\n",
    right="users:\n  - default\n  - {name: ops, ssh_authorized_keys: [ssh-ed25519 AAAA ops@example.org]}\n",
)
def reachable(subject: CloudConfig) -> Iterator[Fault]:
    if subject.datasource_decided:
        return  # whoever decides where clones get user-data from knows that they need some
    setting = next((loc for loc in WHO if subject.place(*loc) is not None and _own(subject, *loc)), None)
    if setting is None:
        return
    boots = [_predicted(subject, seed) for seed in Seed if seed is not Seed.USER_DATA]
    if any(boot.reachable for boot in boots):
        return
    applied = next((boot for boot in boots if boot.applies), boots[0])
    yield Fault(
        Severity.NOTE,
        subject.place(*setting),
        f"without user-data nobody can log in to a clone: {_who(applied)}",
        "give each clone's user-data a key, or bake one in with `ssh_authorized_keys`",
    )


def _predicted(subject: CloudConfig, seed: Seed) -> FirstBoot:
    """The first boot with one seed and no key, as `goldsmith explain` has it; where only a part of the configuration is
    known, over what a distribution of the family ships.
    """
    around = subject.image.files if subject.image is not None else {}
    shipped = None if subject.whole else shipped_by(SHIPPED.get(subject.family or "", "debian/13"))
    below = shipped.files if shipped is not None else {}
    version = subject.release or (shipped.version if shipped is not None else None)
    files = {**below, **around, **subject.contents}
    return predict(files, seed, version=version, arch=subject.arch, cmdline=subject.cmdline)


def _who(boot: FirstBoot) -> str:
    """Whom the first boot makes, and why none of them gets in."""
    reasons: dict[str, list[str]] = {}
    for account in boot.accounts:
        if account.created:
            reasons.setdefault(_why(account), []).append(printable(account.name))
    return "; ".join(f"{', '.join(names)}, {why}" for why, names in reasons.items()) or "no user is made"


def _why(account: Account) -> str:
    if not account.has_shell:
        return f"whose shell is {printable(account.shell or '')}"
    if account.keys:
        return "whose key sshd does not take"
    return "with a locked password and no key"


def _own(subject: CloudConfig, *loc: str) -> bool:
    file = subject.setter(*loc)
    return file is not None and not file.vendor
