"""The list of operations, as virt-sysprep's users write it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.golden.trees import make, opened

from goldsmith.errors import InputError
from goldsmith.generalization.generalize import generalize
from goldsmith.generalization.operation import registered
from goldsmith.generalization.select import FOREIGN, select, sparing_users, with_users


def names(expression: str) -> set[str]:
    return {each.name for each in select(expression)}


DEFAULTS = {each.name for each in registered() if each.default}
ALL = {each.name for each in registered()}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("defaults", DEFAULTS),
        ("all", ALL),
        ("ssh-hostkeys", {"ssh-hostkeys"}),
        ("defaults,-ssh-hostkeys", DEFAULTS - {"ssh-hostkeys"}),
        ("defaults,firewall-rules", DEFAULTS | {"firewall-rules"}),
        (" defaults , -logfiles ", DEFAULTS - {"logfiles"}),
        ("-ssh-hostkeys,ssh-hostkeys", {"ssh-hostkeys"}),
        ("all,-defaults", ALL - DEFAULTS),
        # virt-sysprep's users turn these off; there is nothing to turn off here
        ("defaults,-customize,-lvm-uuids", DEFAULTS),
        ("defaults,lvm-uuids", DEFAULTS),
        ("defaults,customize,script", DEFAULTS),
    ],
)
def test_a_list_is_read_left_to_right_from_the_empty_set(expression: str, expected: set[str]) -> None:
    assert names(expression) == expected


def test_operations_come_sorted() -> None:
    chosen = [each.name for each in select("tmp-files,bash-history,machine-id")]
    assert chosen == ["bash-history", "machine-id", "tmp-files"]


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("defaults,ssh-hostkey", "unknown operation 'ssh-hostkey'", "did you mean ssh-hostkeys?"),
        ("defaults,-ssh-host-keys", "unknown operation 'ssh-host-keys'", "did you mean ssh-hostkeys?"),
        ("+all", "unknown operation '+all'", "did you mean all?"),
        ("zzz", "unknown operation 'zzz'", "generalize --list"),
        ("", "an empty name", "generalize --list"),
        ("defaults,,logfiles", "an empty name", "generalize --list"),
        ("-ssh-hostkeys", "selects nothing", "begin it with `defaults`"),
        ("customize", "selects nothing", "its refills of machine-id and random seed are what makes clones alike"),
        ("defaults,custmize", "unknown operation 'custmize'", "did you mean customize?"),
    ],
)
def test_a_wrong_list_says_what_to_write(expression: str, message: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        select(expression)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


# `virt-sysprep --list-operations` of guestfs-tools after 1.57.2.
UPSTREAM = {
    "abrt-data",
    "backup-files",
    "bash-history",
    "blkid-tab",
    "ca-certificates",
    "crash-data",
    "cron-spool",
    "customize",
    "dhcp-client-state",
    "dhcp-server-state",
    "dovecot-data",
    "firewall-rules",
    "flag-reconfiguration",
    "fs-uuids",
    "ipa-client",
    "kerberos-data",
    "kerberos-hostkeytab",
    "logfiles",
    "lvm-system-devices",
    "lvm-uuids",
    "machine-id",
    "mail-spool",
    "net-hostname",
    "net-hwaddr",
    "net-nmconn",
    "pacct-log",
    "package-manager-cache",
    "pam-data",
    "passwd-backups",
    "puppet-data-log",
    "rh-subscription-manager",
    "rhn-systemid",
    "rpm-db",
    "samba-db-log",
    "script",
    "smolt-uuid",
    "ssh-hostkeys",
    "ssh-userdir",
    "sssd-db-log",
    "tmp-files",
    "udev-persistent-net",
    "user-account",
    "utmp",
    "yum-uuid",
    "zsh-history",
}
UPSTREAM_OFF = {
    "ca-certificates",
    "firewall-rules",
    "flag-reconfiguration",
    "fs-uuids",
    "kerberos-data",
    "user-account",
}


def test_every_operation_of_virt_sysprep_is_known_by_its_name() -> None:
    foreign = {each.name for each in FOREIGN}
    assert UPSTREAM - foreign <= ALL
    assert foreign <= UPSTREAM
    assert foreign.isdisjoint(ALL)
    assert {name for name in UPSTREAM if name in ALL - DEFAULTS} == UPSTREAM_OFF - foreign


LINES = ("root:x:0:0::/root:/bin/sh", *(f"{name}:x:{1000 + number}:1::/:/bin/sh" for number, name in enumerate("abc")))
PEOPLE = "guest debian\nf 0644 /etc/passwd = '{}\\n'\n".format("\\n".join(LINES))


@pytest.mark.parametrize(
    ("keep", "remove", "left"),
    [
        ([], [], ["root"]),
        (["a"], [], ["root", "a"]),
        (["a,b"], [], ["root", "a", "b"]),
        (["a", "b"], [], ["root", "a", "b"]),
        ([], ["c"], ["root", "a", "b"]),
        (["c"], ["b,c"], ["root", "a", "c"]),
        ([], ["nobody"], ["root", "a", "b", "c"]),
    ],
)
def test_accounts_are_named_to_be_kept_or_removed(
    tmp_path: Path, keep: list[str], remove: list[str], left: list[str]
) -> None:
    make(tmp_path, PEOPLE)
    with opened(tmp_path) as guest:
        generalize(guest, with_users(select("user-account"), keep=keep, remove=remove))
    assert [line.split(":")[0] for line in (tmp_path / "etc/passwd").read_text().splitlines()] == left


def test_people_that_the_recipe_made_are_kept_beside_those_that_are_named(tmp_path: Path) -> None:
    make(tmp_path, PEOPLE)
    with opened(tmp_path) as guest:
        generalize(guest, sparing_users(with_users(select("user-account"), keep=["a"]), ["b"]))
    assert [line[0] for line in (tmp_path / "etc/passwd").read_text().splitlines()] == ["r", "a", "b"]


def test_accounts_are_named_only_for_an_operation_that_is_selected() -> None:
    with pytest.raises(InputError, match="the operation user-account is not selected"):
        with_users(select("defaults"), keep=["a"])


@pytest.mark.parametrize("name", ["", "a,,b", "a:b", "../x", "a\nb"])
def test_what_cannot_be_an_account_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is no name of an account"):
        with_users(select("user-account"), remove=[name])
