"""Finding a value by what a person types."""

from __future__ import annotations

import pytest

from goldsmith.cloudinit.effective import effective
from goldsmith.cloudinit.located import plain
from goldsmith.cloudinit.lookup import dotted, find
from goldsmith.errors import InputError

ROOT = effective(
    {
        "/etc/cloud/cloud.cfg": b"system_info: {default_user: {name: admin}}\n"
        b"users: [default, {name: ops, groups: [a]}]\n"
        b"a.b: {c.d: 1}\na/b: 2\n1: one\nssh_pwauth: false\n"
    }
).values


@pytest.mark.parametrize(
    ("key", "pointer", "value"),
    [
        ("system_info.default_user.name", "/system_info/default_user/name", "admin"),
        ("/system_info/default_user/name", "/system_info/default_user/name", "admin"),
        ("users[1].groups[0]", "/users/1/groups/0", "a"),
        ("users.1.name", "/users/1/name", "ops"),
        ("/users/0", "/users/0", "default"),
        ("a.b.c.d", "/a.b/c.d", 1),
        ("/a~1b", "/a~1b", 2),
        ("a/b", "/a~1b", 2),
        ("1", "/1", "one"),
        ("ssh_pwauth", "/ssh_pwauth", False),
    ],
)
def test_a_dotted_path_and_a_pointer_lead_to_the_same(key: str, pointer: str, value: object) -> None:
    found, at = find(ROOT, key)
    assert (found, plain(at)) == (pointer, value)


@pytest.mark.parametrize("key", ["", "/", "."])
def test_nothing_is_everything(key: str) -> None:
    assert find(ROOT, key) == ("", ROOT)


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("ssh_pwaut", "did you mean ssh_pwauth?"),
        ("default_user.name", "did you mean system_info.default_user.name?"),
        ("system_info.default_user.nam", "did you mean system_info.default_user.name or"),
        ("/system_info/default_user/nmae", "did you mean system_info.default_user.name"),
        ("users[7]", "did you mean users"),
        ("zebra", "it has: 1, a.b, a/b, ssh_pwauth, system_info, users"),
    ],
)
def test_what_is_not_there_is_told_with_what_may_be_meant(key: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        find(ROOT, key)
    assert hint in (caught.value.hint or "")


def test_a_pointer_as_people_write_it() -> None:
    assert dotted("/users/1/groups/0") == "users[1].groups[0]"
    assert dotted("") == ""
