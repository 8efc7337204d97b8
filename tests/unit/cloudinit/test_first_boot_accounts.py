"""Accounts and user-data of a first boot, also where they are hostile."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.cloudinit.datasource import Seed
from goldsmith.cloudinit.first_boot import predict
from goldsmith.cloudinit.first_boot_accounts import Account, Password, count_keys, existing_accounts, with_passwords
from goldsmith.cloudinit.first_boot_packages import packages_of
from goldsmith.cloudinit.first_boot_user_data import read_user_data

PASSWD = b"""\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1::/:/usr/sbin/nologin
nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin
joe:x:1000:1000:Joe:/home/joe:/bin/sh
eve::1001:1001::/home/eve:/bin/bash
torn:x:1002
:x:1003:1003:::
big:x:99999999999999:1::/:/bin/sh
"""
FILES = {
    "/etc/passwd": PASSWD,
    "/etc/shadow": b"root:*:1::::::\njoe:$y$hash:1::::::\n",
    "/etc/group": b"sudo:x:27:joe,eve\nadm:x:4:joe\ntorn\n",
    "/home/joe/.ssh/authorized_keys": b"# why\n\nssh-ed25519 AAAA joe\nssh-rsa BBBB\n",
}


def one(**fields: Any) -> Account:
    given: dict[str, Any] = {
        "created": True,
        "default": False,
        "groups": (),
        "shell": "/bin/sh",
        "sudo": (),
        "password": Password.LOCKED,
        **fields,
    }
    return Account(**given)


def test_root_and_people_of_the_image() -> None:
    root, joe, eve = existing_accounts(FILES)
    assert (root.name, root.password, root.has_shell) == ("root", Password.LOCKED, True)
    assert (joe.groups, joe.password, joe.keys, joe.gecos) == (("adm", "sudo"), Password.SET, 2, "Joe")
    assert (eve.password, eve.keys) == (Password.EMPTY, 0)


def test_keys_are_counted_without_comments() -> None:
    assert count_keys(b"") == 0
    assert count_keys(b"#one\n two\nthree") == 2


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"password": "x"}, {"admin": Password.SET, "joe": Password.LOCKED}),
        ({"chpasswd": {"list": "joe:R\n"}}, {"admin": Password.LOCKED, "joe": Password.RANDOM}),
        ({"chpasswd": {"list": ["joe:secret"]}, "password": "x"}, {"admin": Password.LOCKED, "joe": Password.SET}),
        (
            {"chpasswd": {"users": [{"name": "joe", "type": "RANDOM"}]}},
            {"admin": Password.LOCKED, "joe": Password.RANDOM},
        ),
        ({"chpasswd": [1], "password": None}, {"admin": Password.LOCKED, "joe": Password.LOCKED}),
    ],
    ids=repr,
)
def test_passwords_that_the_configuration_sets(config: dict[str, Any], expected: dict[str, Password]) -> None:
    accounts = with_passwords([one(name="admin", default=True), one(name="joe")], config, "admin")
    assert {account.name: account.password for account in accounts} == expected


@pytest.mark.parametrize(
    ("content", "config", "said"),
    [
        (b"", {}, 0),
        (b" \n", {}, 0),
        (b"#cloud-config\na: 1\nmerge_how: x\n", {"a": 1}, 0),
        (b"#!/bin/sh\n", {}, 1),
        (b"a: 1\n", {}, 1),
        (b"#cloud-config\na: [\n", {}, 1),
        (b"#cloud-config\n- a\n", {}, 1),
        (gzip.compress(b"#cloud-config\na: 1\n", mtime=0), {"a": 1}, 0),
        (b"\x1f\x8bbroken", {}, 1),
        (b"#cloud-config\n\xff: 1\n", {}, 1),
    ],
    ids=repr,
)
def test_user_data(content: bytes, config: dict[str, Any], said: int) -> None:
    found, notes = read_user_data(content)
    assert (found, len(notes)) == (config, said)


@pytest.mark.parametrize(
    ("value", "fetched"),
    [
        (["a", "b=1", ["c", "2"], {"apt": ["d", ["e", 1]]}], ("a", "b", "c", "d", "e")),
        ("a b", ("a", "b")),
        (None, ()),
        (7, ()),
        ([None, 7, [], {}], ()),
    ],
    ids=repr,
)
def test_packages_in_every_spelling(value: object, fetched: tuple[str, ...]) -> None:
    assert packages_of({"packages": value}, None).fetched == fetched


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["users", "user", "groups", "password", "chpasswd", "ssh_pwauth", "ssh_keys", "ssh_genkeytypes", "packages",
     "ssh_authorized_keys", "system_info", "datasource_list", "cloud_init_modules", "cloud_final_modules",
     "disable_root", "unverified_modules"]
)  # fmt: skip


@given(
    st.dictionaries(KEYS, ANYTHING, max_size=5), st.sampled_from(list(Seed)), st.sampled_from(["22.4.2", "25.1", None])
)
def test_whatever_a_configuration_says_is_predicted_without_failing(
    config: Any, seed: Seed, version: str | None
) -> None:
    given = f"#cloud-config\n{json.dumps(config)}\n".encode()
    modules = b"datasource_list: [NoCloud, None]\ncloud_init_modules: [users_groups, ssh, set_passwords]\n"
    files = {**FILES, "/etc/cloud/cloud.cfg": modules}
    for boot in (
        predict({**files, "/etc/cloud/cloud.cfg": given}, seed, version=version),
        predict(files, seed, version=version, user_data=given),
    ):
        assert boot.as_text()
        assert json.dumps(boot.as_json())


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_whatever_lies_in_the_files_is_predicted_without_failing(one: bytes, other: bytes) -> None:
    names = (
        "/etc/passwd",
        "/etc/shadow",
        "/etc/group",
        "/etc/ssh/sshd_config",
        "/etc/cloud/ds-identify.cfg",
        "/etc/machine-id",
    )
    files = {
        "/etc/cloud/cloud.cfg": b"datasource_list: [None]\n",
        **dict.fromkeys(names, one),
        "/etc/default/useradd": other,
    }
    assert predict(files, Seed.USER_DATA, version="25.1", user_data=other).as_text()
