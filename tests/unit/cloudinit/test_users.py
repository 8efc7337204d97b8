"""Which users a first boot makes, by cloud-init's own normalization."""

from __future__ import annotations

from typing import Any

from goldsmith.cloudinit.effective import effective
from goldsmith.cloudinit.users import User, users_of

DEFAULT = {
    "name": "debian",
    "lock_passwd": True,
    "gecos": "Debian",
    "groups": ["adm", "sudo"],
    "sudo": ["ALL=(ALL) NOPASSWD:ALL"],
    "shell": "/bin/bash",
}


def make(**config: Any) -> tuple[User, ...]:
    return users_of({"system_info": {"default_user": DEFAULT}, **config})


def test_the_default_user_as_shipped() -> None:
    assert make(users=["default"]) == (
        User("debian", True, True, ("adm", "sudo"), "/bin/bash", ("ALL=(ALL) NOPASSWD:ALL",), "Debian"),
    )


def test_a_list_without_default_removes_the_default_user() -> None:
    assert [(user.name, user.default) for user in make(users=[{"name": "ops"}])] == [("ops", False)]


def test_no_list_and_an_empty_one_make_no_user() -> None:
    assert make() == ()
    assert make(users=[]) == ()


def test_an_entry_with_the_default_users_name_adds_groups_and_since_26_2_outranks_it() -> None:
    users = ["default", {"name": "debian", "groups": "wheel", "shell": "/bin/sh", "lock_passwd": False, "passwd": "x"}]
    config = {"system_info": {"default_user": DEFAULT}, "users": users}
    (old,) = users_of(config, (26, 1))
    assert (old.name, old.groups, old.shell, old.locked) == ("debian", ("adm", "sudo", "wheel"), "/bin/bash", True)
    (new,) = users_of(config, (26, 2))
    assert (new.name, new.groups, new.shell, new.locked) == ("debian", ("adm", "sudo", "wheel"), "/bin/sh", False)


def test_an_unlocked_user_without_a_password_is_still_shut() -> None:
    (user,) = make(users=[{"name": "ops", "lock_passwd": False}])
    assert user.locked


def test_a_locked_user_with_a_password_is_shut() -> None:
    (user,) = make(users=[{"name": "ops", "passwd": "x"}])
    assert user.locked


def test_user_renames_the_default_and_brings_it_back() -> None:
    (user,) = make(user="admin")
    assert (user.name, user.default, user.shell) == ("admin", True, "/bin/bash")


def test_dashes_in_keys_are_underscores() -> None:
    (user,) = make(users=[{"name": "ops", "lock-passwd": False, "passwd": "x"}])
    assert not user.locked


def test_strings_and_dictionaries_are_lists_too() -> None:
    assert [user.name for user in make(users="ops,default")] == ["ops", "debian"]
    assert [user.name for user in make(users={"default": True, "no": False, "ops": {"groups": "adm"}})] == [
        "ops",
        "debian",
    ]


def test_a_drop_in_that_renames_the_default_user_keeps_the_rest() -> None:
    base = b"users: [default]\ncloud_init_modules: [users_groups]\n"
    base += b"system_info: {default_user: {name: rocky, groups: [adm]}}\n"
    custom = b"system_info:\n  default_user:\n    name: admin\n"
    computed = effective({"/etc/cloud/cloud.cfg": base, "/etc/cloud/cloud.cfg.d/99-custom-defaults.cfg": custom})
    user = computed.default_user()
    assert user is not None
    assert (user.name, user.groups) == ("admin", ("adm",))


def test_without_its_module_no_user_is_made() -> None:
    base = b"users: [default]\ncloud_init_modules: [ssh]\nsystem_info: {default_user: {name: rocky}}\n"
    assert effective({"/etc/cloud/cloud.cfg": base}).users() == ()


def test_nonsense_makes_no_user_and_no_error() -> None:
    for value in (7, None, [7, None], {"x": None}, [{"name": None}]):
        make(users=value)
    assert users_of({"users": ["default"], "system_info": "text"}) == ()
