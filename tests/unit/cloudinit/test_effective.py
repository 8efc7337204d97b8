"""The system configuration as cloud-init computes it from /etc/cloud."""

from __future__ import annotations

import pytest

from goldsmith.cloudinit.document import Effect
from goldsmith.cloudinit.effective import Effective, effective, is_configuration
from goldsmith.cloudinit.modules import Stage

CLOUD_CFG = b"""\
users: [default]
cloud_init_modules: [migrator, users-groups, ssh]
cloud_config_modules: [set-passwords, runcmd]
cloud_final_modules:
  - package-update-upgrade-install
  - [scripts-user, always]
  - {name: final-message, frequency: always}
system_info:
  distro: debian
  default_user:
    name: debian
    lock_passwd: True
    gecos: Debian
    groups: [adm, sudo]
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    shell: /bin/bash
"""


def compute(cloud_cfg: bytes = CLOUD_CFG, **drop_ins: bytes) -> Effective:
    files = {f"/etc/cloud/cloud.cfg.d/{name.replace('__', '.')}": content for name, content in drop_ins.items()}
    return effective({"/etc/cloud/cloud.cfg": cloud_cfg, **files})


def compute_files(files: dict[str, bytes]) -> Effective:
    return effective(
        {"/etc/cloud/cloud.cfg": CLOUD_CFG, **{f"/etc/cloud/cloud.cfg.d/{k}": v for k, v in files.items()}}
    )


@pytest.mark.parametrize(
    ("strong", "weak"),
    [
        ("9-x.cfg", "100-x.cfg"),
        ("99-x.cfg", "05_logging.cfg"),
        ("a.cfg", "Z.cfg"),
        ("99_x.cfg", "99-custom.cfg"),
        ("curtin.cfg", "99-custom.cfg"),
        ("zz.cfg", ".hidden.cfg"),
        ("é.cfg", "zz.cfg"),
    ],
)
def test_the_last_name_by_code_point_wins(strong: str, weak: str) -> None:
    computed = compute_files({strong: b"k: strong", weak: b"k: weak\nother: 1"})
    assert computed.config["k"] == "strong"
    assert computed.config["other"] == 1
    assert [path.rpartition("/")[2] for path in computed.sources] == [strong, weak, "cloud.cfg"]


def test_a_hidden_file_is_read_and_another_suffix_is_not() -> None:
    computed = compute_files({".h.cfg": b"hidden: 1", "a.CFG": b"b: 1", "b.cfg.bak": b"b: 1", "c.yaml": b"b: 1"})
    assert computed.config["hidden"] == 1
    assert "b" not in computed.config


def test_yaml_means_what_it_means_to_pyyaml() -> None:
    computed = compute_files({"x.cfg": b"a: no\nb: 0644\nc: 1:30\nd: 1e3\ne: ~\nf: y\ng: None\n"})
    shown = {key: computed.config[key] for key in "abcdefg"}
    assert shown == {"a": False, "b": 420, "c": 90, "d": "1e3", "e": None, "f": "y", "g": "None"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a: [1\n", "not readable as YAML"),
        (b"a:\n\t- 1\n", "not readable as YAML"),
        (b"a: 1\n---\nb: 2\n", "not readable as YAML"),
        (b"- 1\n", "a list, not a dictionary"),
        (b"just text\n", "a str, not a dictionary"),
        (b"a: !!python/object:os.system x\n", "not readable as YAML"),
        (b"a: \x07\n", "not readable as YAML"),
        (b"? [a]\n: 1\n", "not readable as YAML"),
        (b"d: 2026-13-45\n", "not readable as YAML"),
    ],
    ids=repr,
)
def test_a_bad_file_counts_as_empty_and_the_others_are_kept(content: bytes, says: str) -> None:
    computed = compute_files({"99-bad.cfg": content, "50-good.cfg": b"k: 1"})
    assert computed.config["k"] == 1
    (problem,) = computed.problems
    assert (problem.path, problem.effect) == ("/etc/cloud/cloud.cfg.d/99-bad.cfg", Effect.DROPPED)
    assert says in problem.message
    assert computed.fatal is None


def test_a_bad_file_is_told_with_its_line() -> None:
    (problem,) = compute_files({"x.cfg": b"a: 1\nb: [1\nc: 2\n"}).problems
    assert str(problem).startswith("/etc/cloud/cloud.cfg.d/x.cfg:2: ")


@pytest.mark.parametrize("content", [b"", b"# only\n", b"---\n", b"\xef\xbb\xbf", b"\r\n"], ids=repr)
def test_an_empty_file_is_no_problem(content: bytes) -> None:
    assert compute_files({"x.cfg": content}).problems == ()


def test_a_file_that_is_not_utf_8_kills_cloud_init() -> None:
    computed = compute_files({"x.cfg": "name: Jürgen".encode("latin-1")})
    assert computed.fatal is not None
    assert "not UTF-8" in computed.fatal.message


@pytest.mark.parametrize(
    "content", [b"a: &a [*a]\n", b"[" * 1200, b"a: " + b"{b: " * 500 + b"}" * 500], ids=("loop", "deep", "maps")
)
def test_a_hostile_file_ends_in_a_problem(content: bytes) -> None:
    assert compute_files({"x.cfg": content}).problems != ()


def test_an_alias_bomb_is_dropped() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for number in range(1, 9):
        bomb += f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]\n"
    computed = compute_files({"x.cfg": bomb.encode()})
    assert "too large to be meant" in computed.problems[0].message
    assert "a0" not in computed.config


def test_duplicate_keys_are_told_and_the_last_one_counts() -> None:
    computed = compute_files({"x.cfg": b"a: 1\nb: 2\na: 3\n"})
    assert computed.config["a"] == 3
    (problem,) = computed.problems
    assert (problem.line, problem.effect) == (3, Effect.SUSPECT)


def test_a_lost_cloud_cfg_leaves_no_modules_and_no_user() -> None:
    computed = compute(b"users: [default\n")
    assert computed.default_user() is None
    assert set(computed.modules) == set(Stage)
    assert not any(computed.modules.values())


def test_conf_d_replaces_the_folder() -> None:
    assert "k" not in compute(CLOUD_CFG + b"conf_d: /nowhere\n", x__cfg=b"k: 1").config
    assert "k" not in compute(CLOUD_CFG + b"conf_d: ''\n", x__cfg=b"k: 1").config
    assert compute(CLOUD_CFG + b"conf_d: [1]\n").fatal is not None


def test_a_way_of_merging_that_does_not_exist_kills_cloud_init() -> None:
    fatal = compute_files({"x.cfg": b"merge_how: bogus\n"}).fatal
    assert fatal is not None
    assert "bogus" in fatal.message


def test_a_template_is_read_unrendered_on_a_first_boot() -> None:
    computed = compute_files({"x.cfg": b"## template: jinja\nk: '{{ v1.region }}'\n"})
    assert computed.config["k"] == "{{ v1.region }}"
    assert computed.problems[0].effect is Effect.SUSPECT


def test_the_module_lists_in_one_spelling() -> None:
    modules = compute().modules
    assert [(module.name, module.frequency) for module in modules[Stage.FINAL]] == [
        ("package_update_upgrade_install", None),
        ("scripts_user", "always"),
        ("final_message", "always"),
    ]
    assert compute().runs("users_groups")
    assert compute().runs("users-groups")
    assert not compute().runs("phone_home")


def test_a_value_by_its_path() -> None:
    assert compute().get("system_info.default_user.name") == "debian"
    assert compute().get("system_info.nothing.name") is None
    assert compute().get("ssh_pwauth", default=False) is False


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/etc/cloud/cloud.cfg", True),
        ("/etc/cloud/cloud.cfg.d/x.cfg", True),
        ("/etc/cloud/cloud.cfg.d/sub/x.cfg", False),
        ("/etc/cloud/cloud.cfg.d/README", False),
        ("/etc/cloud/ds-identify.cfg", False),
    ],
)
def test_which_files_count(path: str, *, is_one: bool) -> None:
    assert is_configuration(path) is is_one
