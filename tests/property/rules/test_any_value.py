"""Whatever stands at a key that rules and predictions look at: they say something, and never raise."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldsmith.cli.conversation import finding_lines
from goldsmith.cloudinit.effective import CLOUD_CFG, CLOUD_CFG_D
from goldsmith.cloudinit.keys import KEYS
from goldsmith.findings import GuestPlace
from goldsmith.pipeline.existing.explain import Given, Ground, explained
from goldsmith.pipeline.existing.lint import Kind
from goldsmith.rules.cloudconfig.configfile import ConfigFile
from goldsmith.rules.cloudconfig.lint import lint
from goldsmith.rules.cloudconfig.subject import CloudConfig, Surroundings
from goldsmith.sarif import sarif

BASE = b"""\
users: [default]
cloud_init_modules: [users_groups, ssh]
cloud_config_modules: [set_passwords]
cloud_final_modules: [package_update_upgrade_install, final_message]
system_info: {distro: debian, default_user: {name: debian, groups: [adm]}}
datasource_list: [NoCloud, None]
"""
AROUND = {"/etc/passwd": b"root:x:0:0::/root:/bin/sh\ndebian:x:1000:1000::/home/debian:/bin/sh\n"}
# Places where a type is expected, below keys of the top level.
BELOW = (
    ("system_info", "distro"), ("system_info", "default_user"), ("system_info", "paths"),
    *(("system_info", "default_user", key) for key in ("name", "groups", "sudo", "shell", "lock_passwd", "passwd")),
    ("chpasswd", "users"), ("chpasswd", "list"), ("apt", "sources"), ("network", "config"), ("vendor_data", "enabled"),
    ("power_state", "delay"), ("datasource", "NoCloud"), ("conf_d",),
)  # fmt: skip
IN_LISTS = (
    *(("users", key) for key in ("name", "groups", "sudo", "passwd", "ssh_authorized_keys", "lock_passwd", "shell")),
    *(("write_files", key) for key in ("path", "content", "permissions", "defer")),
    ("chpasswd.users", "name"), ("packages", "apt"),
)  # fmt: skip
TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10**12),
    st.floats(),
    TEXT,
    st.sampled_from(
        ("default", "debian", "root", "no", "\x1b[2J", "a\nb", "\ud800", "R", "yes", "0644", "users_groups")
    ),
    st.just(dt.date(2026, 1, 2)),
    st.just(b"\xff"),
)
VALUES = st.recursive(
    SCALARS,
    lambda children: st.one_of(
        st.lists(children, max_size=3),
        st.dictionaries(
            st.one_of(TEXT, st.integers(0, 3), st.none(), st.sampled_from(("name", "list", "users", "default"))),
            children,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
WAYS = st.one_of(st.sampled_from(sorted(KEYS)).map(lambda key: (key,)), st.sampled_from(BELOW))


def nested(way: tuple[str, ...], value: Any) -> dict[str, Any]:
    for key in reversed(way):
        value = {key: value}
    return dict(value)


def in_list(way: tuple[str, str], value: Any) -> dict[str, Any]:
    return nested(tuple(way[0].split(".")), [{"name": "a", way[1]: value}])


CONFIGS = st.lists(
    st.one_of(st.builds(nested, WAYS, VALUES), st.builds(in_list, st.sampled_from(IN_LISTS), VALUES)),
    min_size=1,
    max_size=2,
)


def judge(contents: list[bytes], version: str | None) -> None:
    """Lint and explain files as drop-ins, and say all of it in every form."""
    drop_ins = {f"{CLOUD_CFG_D}/{number + 50}-x.cfg": content for number, content in enumerate(contents)}
    files = {CLOUD_CFG: BASE, **drop_ins}
    judged = tuple(ConfigFile(path, content, _at(path), path == CLOUD_CFG) for path, content in files.items())
    for whole in (True, False):
        subject = CloudConfig(judged, whole=whole, family="debian", image=Surroundings(AROUND) if whole else None)
        findings = lint(subject)
        "\n".join(finding_lines(findings)).encode()
        json.dumps(sarif(findings, (), version="1", folder=Path("/nowhere"))).encode("ascii")
    ground = Ground("x", Kind.TREE, {**files, **AROUND}, version, findings=tuple(findings))
    said = explained(ground, Given(contents[0], 1))
    text = [*said.as_text(), *said.first_boot_text(), *said.key_text("")]
    assert all(line.isprintable() for line in text)
    "\n".join(text).encode()
    json.dumps(said.as_json()).encode("ascii")


def _at(path: str) -> Any:
    return lambda line, column: GuestPlace(path, line, column)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(CONFIGS, st.sampled_from(("22.4.2", "25.1.4", None)))
def test_any_value_at_any_known_key_is_told(configs: list[dict[str, Any]], version: str | None) -> None:
    judge([yaml.safe_dump(config).encode("utf-8") for config in configs], version)


@pytest.mark.parametrize("key", ["a", "ssh_pwauth", "packages"])
@pytest.mark.parametrize("number", ["1" + ":59" * 3000, "0" + "7" * 5000, "0x" + "f" * 9000, "0b1" + "0" * 20_000])
def test_numbers_that_python_does_not_write_are_told(key: str, number: str) -> None:
    judge([f"{key}: {number}\nusers: [{{name: a, uid: {number}}}]\n".encode()], "22.4.2")


def test_a_default_user_whose_name_is_a_list() -> None:
    judge([b"system_info: {distro: [x], default_user: {name: [1]}}\n"], "25.1.4")
