"""The users that a configuration makes, as cloud-init's own normalization has them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from tests.oracle.oracle import Oracle, OracleError

from goldsmith.cloudinit.users import users_of
from goldsmith.cloudinit.version import parse_version

pytestmark = pytest.mark.process
Agreements = Callable[[int], None]
USERS = """
import copy
from types import SimpleNamespace
from cloudinit.distros import ug_util
answer = []
for config in configs:
    default = config.get("system_info", {}).get("default_user", {})
    distro = SimpleNamespace(get_default_user=lambda: copy.deepcopy(default))
    try:
        users, groups = ug_util.normalize_users_groups(copy.deepcopy(config), distro)
        answer.append([(name, settings) for name, settings in users.items()])
    except Exception as error:
        answer.append(type(error).__name__)
"""
NAMES = ("debian", "ops", "default", "root", "a-b")
SETTINGS: dict[str, tuple[Any, ...]] = {
    "groups": ("adm", "adm, sudo", ["adm"], ["wheel", "adm"], [], {"x": ["y"]}),
    "shell": ("/bin/bash", "/bin/sh"),
    "sudo": ("ALL=(ALL) ALL", ["ALL=(ALL) NOPASSWD:ALL"], False, None),
    "lock_passwd": (True, False),
    "lock-passwd": (False,),
    "gecos": ("Somebody", ""),
    "passwd": ("$6$x$y",),
    "plain_text_passwd": ("secret",),
}
CASES = 1500


def entry(chance: random.Random, name: str | None) -> dict[str, Any]:
    keys = chance.sample(sorted(SETTINGS), chance.randint(0, 4))
    chosen = {key: chance.choice(SETTINGS[key]) for key in keys}
    return {**({"name": name} if name is not None else {}), **chosen}


def configuration(chance: random.Random) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if chance.random() < 0.9:
        named = "debian" if chance.random() < 0.95 else None
        config["system_info"] = {"default_user": entry(chance, named)}
    kind = chance.randrange(8)
    count = chance.randint(0, 4)
    if kind < 5:
        config["users"] = [
            chance.choice(NAMES) if chance.random() < 0.4 else entry(chance, chance.choice(NAMES)) for _ in range(count)
        ]
    elif kind == 5:
        config["users"] = ",".join(chance.sample(NAMES, min(count, 3)))
    elif kind == 6:
        config["users"] = {name: chance.choice((True, False, "yes", entry(chance, None))) for name in NAMES[:count]}
    if chance.random() < 0.15:
        config["user"] = chance.choice(("somebody", entry(chance, "somebody"), {"shell": "/bin/zsh"}))
    return config


def test_users_are_those_of_cloud_init(cloud_init: Oracle, agreements: Agreements) -> None:
    chance = random.Random(5)
    configs = [configuration(chance) for _ in range(CASES)]
    version = parse_version(cloud_init.root.version)
    theirs = cloud_init.ask(USERS, configs=configs)
    agreed = 0
    for config, users in zip(configs, theirs, strict=True):
        if isinstance(users, str):
            continue
        ours = users_of(config, version)
        assert [user.name for user in ours] == [name for name, _ in users], config
        for user, (name, settings) in zip(ours, users, strict=True):
            assert user.default == bool(settings.get("default")), (name, config)
            assert user.shell == settings.get("shell"), (name, config)
            assert user.gecos == settings.get("gecos"), (name, config)
            groups = settings.get("groups", [])
            listed = [part.strip() for part in groups.split(",")] if isinstance(groups, str) else list(groups)
            assert sorted(user.groups) == sorted(filter(None, listed)), (name, config)
            sudo = settings.get("sudo")
            assert user.sudo == tuple([sudo] if isinstance(sudo, str) else sudo or ()), (name, config)
        agreed += 1
    assert agreed > CASES * 0.8
    agreements(agreed)


def test_the_oracle_is_asked_about_what_it_knows(cloud_init: Oracle) -> None:
    with pytest.raises(OracleError):
        cloud_init.ask("from cloudinit.distros import nothing_of_this_name")
