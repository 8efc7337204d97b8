"""Where a first boot was not as predicted."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.first_boot import FALLBACK
from goldsmith.cloudinit.first_boot_accounts import FIRST_UID, LAST_UID, Password
from goldsmith.cloudinit.first_boot_modules import Frequency
from goldsmith.cloudinit.first_boot_record import FirstBoot
from goldsmith.rules.facts import Account, Facts
from goldsmith.rules.facts import Password as Seen

_SEEN = {Seen.LOCKED: {Password.LOCKED}, Seen.EMPTY: {Password.EMPTY}, Seen.SET: {Password.SET, Password.RANDOM}}
PACKAGES = "package_update_upgrade_install"
# What cloud-init writes into /etc/sudoers.d.
SUDOERS = "90-cloud-init-users"


def differences(predicted: FirstBoot, facts: Facts) -> tuple[str, ...]:
    """One line for each thing that the tree of the booted clone shows and that was predicted otherwise."""
    return tuple(_differences(predicted, facts))


def _differences(predicted: FirstBoot, facts: Facts) -> Iterator[str]:
    ran = facts.status is not None
    # Where it dies it leaves no status.
    if ran != (predicted.runs and not predicted.dies):
        yield f"cloud-init {'ran' if ran else 'did not run'}; predicted: {predicted.why}"
    datasource = facts.status.datasource_class if facts.status is not None else None
    if datasource != predicted.datasource:
        yield f"datasource {datasource}, not {predicted.datasource}"
    yield from _users(predicted, facts)
    ruled, wanted = SUDOERS in facts.sudoers, any(account.sudo for account in predicted.accounts)
    if ruled != wanted:
        yield f"{SUDOERS} is {'there' if ruled else 'not there'}"
    keys = tuple(sorted(key.name.removeprefix("ssh_host_").removesuffix("_key") for key in facts.host_keys))
    if keys != predicted.host_keys:
        yield f"host keys {', '.join(keys) or 'none'}, not {', '.join(predicted.host_keys) or 'none'}"
    marks = {name.removeprefix("config_") for name in facts.semaphores if name.startswith("config_")}
    once = {each.name for each in predicted.modules if each.runs and each.frequency is Frequency.INSTANCE}
    # A module that fails leaves its mark too.
    for name in sorted(marks ^ once):
        yield f"module {name} {'ran' if name in marks else 'did not run'}"
    yield from _complaints(predicted, facts)


def _users(predicted: FirstBoot, facts: Facts) -> Iterator[str]:
    people = {account.name: account for account in facts.accounts if _is_person(account)}
    expected = {account.name: account for account in predicted.accounts}
    for name in sorted(people.keys() ^ expected.keys()):
        yield f"user {name} is {'there' if name in people else 'not there'}"
    for name in sorted(people.keys() & expected.keys()):
        seen, wanted = people[name], expected[name]
        if set(seen.groups) != set(wanted.groups):
            yield f"user {name} has the groups {', '.join(seen.groups)}, not {', '.join(wanted.groups)}"
        if wanted.shell is not None and seen.shell != wanted.shell:
            yield f"user {name} has the shell {seen.shell}, not {wanted.shell}"
        if wanted.password not in _SEEN.get(seen.password, {Password.LOCKED}):
            yield f"the password of user {name} is {seen.password}, not {wanted.password}"


def _is_person(account: Account) -> bool:
    return account.uid == 0 or FIRST_UID <= account.uid <= LAST_UID


def _complaints(predicted: FirstBoot, facts: Facts) -> Iterator[str]:
    fallback = any(FALLBACK in line for line in facts.cloud_log)
    if fallback != (FALLBACK in predicted.warnings):
        yield f"the warning {FALLBACK!r} {'came' if fallback else 'did not come'}"
    said = facts.result.errors if facts.result is not None else ()
    failed = any(PACKAGES.replace("_", "-") in error.replace("_", "-") for error in said)
    if failed != any(error.startswith(PACKAGES) for error in predicted.errors):
        yield f"{PACKAGES} {'failed' if failed else 'did not fail'}"
    others = [error for error in said if PACKAGES.replace("_", "-") not in error.replace("_", "-")]
    if others and predicted.applies:
        yield f"cloud-init reports the error {others[0]}"
