"""What a prediction of a first boot says: the record, as a document and as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from goldsmith.cloudinit.datasource import Seed
from goldsmith.cloudinit.first_boot_accounts import Account, Login
from goldsmith.cloudinit.first_boot_modules import ModuleRun
from goldsmith.cloudinit.first_boot_packages import Packages
from goldsmith.cloudinit.modules import Stage
from goldsmith.findings import printable

# How the error begins that no stage survives.
DIES = "every stage dies"


@dataclass(frozen=True, slots=True)
class FirstBoot:
    """A first boot with one `seed`.

    `follows` is the version whose rules were followed, `version` the one in the image, None where it is not known.
    `runs`: cloud-init runs at all, and `why`. `datasource` is the class it ends with, such as DataSourceNone; with None
    nothing of the configuration is applied. `modules` are the entries of all lists, in their order. `accounts` are root
    and the people that are there afterwards, `logins` the ways in. `packages` are what it would install. `host_keys`
    are the types of sshd's host keys afterwards. `finished`: the line "finished" appears and boot-finished is written.
    `errors` and `warnings` are what cloud-init will say; where nothing tells whether the network leads to a mirror,
    what needs one is in `packages` alone. `metadata_keys` is how many SSH keys the metadata was taken to hold,
    `user_data` whether any was looked at.
    """

    seed: Seed
    version: str | None
    follows: str
    runs: bool
    why: str
    datasource: str | None
    modules: tuple[ModuleRun, ...]
    accounts: tuple[Account, ...]
    logins: tuple[Login, ...]
    packages: Packages
    host_keys: tuple[str, ...]
    finished: bool
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    metadata_keys: int = 0
    user_data: bool = False

    @property
    def applies(self) -> bool:
        """Whether the configuration in the image is applied: cloud-init runs and finds a datasource."""
        return self.runs and self.datasource is not None

    @property
    def dies(self) -> bool:
        """Whether cloud-init starts, but ends by an exception before it writes its status."""
        return any(error.startswith(DIES) for error in self.errors)

    @property
    def reachable(self) -> bool:
        """Whether anybody can log in."""
        return bool(self.logins)

    @property
    def default_user(self) -> str | None:
        return next((account.name for account in self.accounts if account.default), None)

    def account(self, name: str) -> Account | None:
        return next((account for account in self.accounts if account.name == name), None)

    def running(self, stage: Stage | None = None) -> tuple[str, ...]:
        """The names of the modules that run, in their order; of one stage or of all."""
        return tuple(each.name for each in self.modules if each.runs and stage in {None, each.stage})

    def as_json(self) -> dict[str, object]:
        return {
            "seed": self.seed.value,
            "cloud_init": self.version,
            "follows": self.follows,
            "runs": self.runs,
            "why": self.why,
            "datasource": self.datasource,
            "modules": {
                stage.name.lower(): [
                    {"name": each.name, "runs": each.runs, "frequency": each.frequency.value, "why": each.why}
                    for each in self.modules
                    if each.stage is stage
                ]
                for stage in Stage
            },
            "users": [
                {
                    "name": each.name,
                    "created": each.created,
                    "default": each.default,
                    "groups": list(each.groups),
                    "shell": each.shell,
                    "sudo": list(each.sudo),
                    "password": each.password.value,
                    "ssh_keys": each.keys,
                }
                for each in self.accounts
            ],
            "logins": [{"user": each.user, "way": each.way.value, "how": each.how} for each in self.logins],
            "packages": {
                "fetched": list(self.packages.fetched),
                "present": list(self.packages.present),
                "index": self.packages.index,
                "upgrade": self.packages.upgrade,
            },
            "host_keys": list(self.host_keys),
            "finished": self.finished,
            "errors": list(self.errors),
            "warnings": list(self.warnings),
            "metadata_keys": self.metadata_keys,
            "user_data": self.user_data,
        }

    def as_text(self) -> str:
        """For people, one fact a line; what the guest wrote is escaped."""
        return "\n".join(printable(line) for line in _lines(self))


def _lines(boot: FirstBoot) -> Iterator[str]:
    about = f"cloud-init {boot.version}" if boot.version else f"cloud-init of unknown version, taken for {boot.follows}"
    if boot.version and not re.match(rf"(?:\d+:)?{re.escape(boot.follows)}(?!\d)", boot.version):
        about += f", by the rules of {boot.follows}"
    yield f"{_SEEDS[boot.seed]}{_metadata(boot)} ({about})"
    if boot.seed is Seed.USER_DATA and not boot.user_data:
        yield "  user-data is not known, so none is followed: all of what is said here it may replace"
    if not boot.runs:
        yield f"  cloud-init does not run: {boot.why}"
    else:
        yield f"  cloud-init runs: {boot.why}"
        yield f"  datasource: {boot.datasource or 'none is found'}"
    for stage in Stage:
        names = boot.running(stage)
        if names:
            yield f"  {stage.name.lower()} stage: {', '.join(names)}"
    for each in boot.accounts:
        made = "made" if each.created else "in the image"
        groups = f", groups {', '.join(each.groups)}" if each.groups else ""
        sudo = f", sudo {'; '.join(each.sudo)}" if each.sudo else ""
        yield f"  user {each.name} ({made}): shell {each.shell or 'of useradd'}{groups}{sudo}, password {each.password}"
    for login in boot.logins:
        yield f"  {login.user} can log in by {login.way}: {login.how}"
    if not boot.logins:
        yield "  nobody can log in"
    if boot.packages.fetched:
        yield f"  fetched from the network: {', '.join(boot.packages.fetched)}"
    if boot.packages.upgrade:
        yield "  asked of the mirrors: the lists of packages, and newer versions of all that the image has"
    elif boot.packages.asks_mirrors:
        yield "  asked of the mirrors: the lists of packages"
    yield f"  host keys: {', '.join(boot.host_keys) or 'none, so sshd cannot start'}"
    yield "  finished: cloud-init says so" if boot.finished else "  finished: nothing says so, and no boot-finished"
    for error in boot.errors:
        yield f"  error: {error}"
    for warning in boot.warnings:
        yield f"  warning: {warning}"


def _metadata(boot: FirstBoot) -> str:
    if boot.seed not in {Seed.OPENSTACK, Seed.EC2}:
        return ""
    count = {0: "no key", 1: "a key"}.get(boot.metadata_keys, f"{boot.metadata_keys} keys")
    return f", with {count} in the metadata{' and user-data' if boot.user_data else ''}"


_SEEDS = {
    Seed.NONE: "without a seed",
    Seed.EMPTY_NOCLOUD: "with an empty NoCloud seed",
    Seed.USER_DATA: "with a NoCloud seed that carries user-data",
    Seed.OPENSTACK: "on OpenStack",
    Seed.EC2: "on EC2",
}
