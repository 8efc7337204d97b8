"""The users that goldsmith predicts are those that cloud-init's own code makes of the same configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.oracle.oracle import Oracle, OracleError

from goldsmith.cloudinit.users import settings_of
from goldsmith.cloudinit.version import parse_version

pytestmark = pytest.mark.process

USERS = """
import copy, logging
from cloudinit import distros, helpers
from cloudinit.distros import ug_util
logging.disable(logging.CRITICAL)
distro = distros.fetch("debian")("debian", copy.deepcopy(config.get("system_info", {})), helpers.Paths({}))
users, _ = ug_util.normalize_users_groups(copy.deepcopy(config), distro)
name, _ = ug_util.extract_default(users)
answer = ({user: {k: v for k, v in own.items() if k != "default"} for user, own in users.items()}, name)
"""
NAMES = st.sampled_from(["default", "debian", "joe", "eve", ""])
GROUPS: st.SearchStrategy[Any] = st.one_of(
    st.just([]), st.lists(st.sampled_from(["adm", "sudo", "x y"]), max_size=2), st.just("adm, sudo"), st.none()
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "groups": GROUPS,
        "lock_passwd": st.booleans(),
        "lock-passwd": st.booleans(),
        "shell": st.sampled_from(["/bin/sh", None]),
        "sudo": st.sampled_from(["ALL=(ALL) ALL", ["ALL=(ALL) ALL"], False, None]),
        "plain_text_passwd": st.sampled_from(["secret", ""]),
        "ssh_authorized_keys": st.just(["ssh-ed25519 AAAA"]),
    },
)
ENTRIES = st.one_of(
    NAMES, st.builds(lambda name, own: {"name": name, **own}, NAMES, SETTINGS), SETTINGS, st.just(["joe", "eve"])
)
CONFIGS = st.fixed_dictionaries(
    {
        "system_info": st.fixed_dictionaries(
            {}, optional={"default_user": st.builds(lambda own: {"name": "debian", **own}, SETTINGS)}
        )
    },
    optional={
        "users": st.one_of(
            st.lists(ENTRIES, max_size=3),
            st.just("joe,default"),
            st.dictionaries(NAMES, st.one_of(st.booleans(), SETTINGS), max_size=2),
        ),
        "user": st.one_of(st.just("eve"), st.builds(lambda own: {"name": "eve", **own}, SETTINGS)),
    },
)


def _plain(users: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Groups as distros.add_user reads them: separated by commas, without blanks, in no order."""
    plain = {name: dict(own) for name, own in users.items()}
    for own in plain.values():
        groups = own.pop("groups", None)
        words = groups.split(",") if isinstance(groups, str) else groups or []
        own["groups"] = {str(word).strip() for word in words} - {""}
    return plain


def test_users_are_those_that_cloud_init_makes(cloud_init: Oracle, capsys: pytest.CaptureFixture[str]) -> None:
    version = parse_version(cloud_init.root.version)
    counted = {"compared": 0, "refused": 0}

    @settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
    @given(config=CONFIGS)
    def agree(config: dict[str, Any]) -> None:
        try:
            theirs, default = cloud_init.ask(USERS, config=config)
        except OracleError:
            counted["refused"] += 1
            return
        ours, own_default = settings_of(config, version)
        assert (own_default, _plain(ours)) == (default, _plain(theirs))
        counted["compared"] += 1

    agree()
    said = f"{counted['compared']} of {counted['compared']} configurations agree, {counted['refused']} it dies of"
    with capsys.disabled():
        print(f"\nusers of cloud-init {cloud_init.root.version}: {said}")  # noqa: T201
