"""Explaining directories, single files and recipes whose base is not at hand."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldsmith import api
from goldsmith.cloudinit.effective import CLOUD_CFG
from goldsmith.cloudinit.modules import Stage
from goldsmith.cloudinit.shipped import guessed_name, shipped_by
from goldsmith.errors import InputError
from goldsmith.pipeline.existing.lint import Kind

pytestmark = pytest.mark.usefixtures("own_folders")

CONFIG = b"""\
users: [default]
cloud_init_modules: [seed_random, users_groups, ssh]
cloud_config_modules: [set_passwords, runcmd]
cloud_final_modules: [package_update_upgrade_install, scripts_user, final_message]
system_info:
  distro: debian
  default_user: {name: debian, lock_passwd: true, groups: [adm, sudo], shell: /bin/bash}
"""
# The drop-in of the workflow that people do by hand.
BY_HAND = b"""\
#cloud-config
system_info:
  default_user:
    name: admin
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    shell: /bin/bash
ssh_pwauth: false
packages: [htop, vim-enhanced]
cloud_final_modules: []
"""
RECIPE = """\
name: base
version: "1.0"
base: {base}
disk: {{size: 10G}}
datasource: local
defaults:
  config: |
    system_info:
      default_user: {{name: admin}}
  disable_modules: [runcmd]
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "etc/cloud/cloud.cfg.d").mkdir(parents=True)
    (root / "etc/cloud/cloud.cfg").write_bytes(CONFIG)
    (root / "etc/os-release").write_text("ID=debian\nVERSION_ID=12\n")
    package = root / "usr/lib/python3/dist-packages/cloudinit"
    package.mkdir(parents=True)
    (package / "version.py").write_text('__VERSION__ = "22.4.2"\n')
    return root


def drop_in(tree: Path, content: bytes, name: str = "99-x.cfg") -> None:
    (tree / "etc/cloud/cloud.cfg.d" / name).write_bytes(content)


def document(path: Path, key: str | None = None, **options: Any) -> Any:
    return json.loads(json.dumps(api.explain(path, **options).as_json(key)))


def test_every_value_has_its_origin(tree: Path) -> None:
    drop_in(tree, BY_HAND)
    said = document(tree)
    assert said["effective"]["system_info"]["default_user"]["name"] == "admin"
    assert said["origins"]["/system_info/default_user/name"] == {
        "file": "/etc/cloud/cloud.cfg.d/99-x.cfg",
        "line": 4,
        "column": 11,
        "overrides": [{"file": CLOUD_CFG, "line": 7, "column": 24, "value": "debian"}],
    }
    assert said["origins"]["/def_log_file"]["file"] is None
    assert "def_log_file" not in said["effective"]
    assert said["effective_builtin"]["def_log_file"] == "/var/log/cloud-init.log"
    assert (said["cloud_init"], said["follows"]) == ("22.4.2", "22.4")


def test_each_module_says_whether_it_runs_and_what_it_needs(tree: Path) -> None:
    drop_in(tree, b"runcmd: [[a]]\ncloud_final_modules: [final_message]\n")
    modules = document(tree)["modules"]
    runcmd = modules["config"][1]
    assert (runcmd["name"], runcmd["runs"], runcmd["frequency"]) == ("runcmd", True, "once-per-instance")
    assert {"module": "scripts_user", "runs": False}.items() <= runcmd["needs"][0].items()
    assert [each["name"] for each in modules["final"]] == ["final_message"]
    assert "runcmd runs, scripts_user does not" in "\n".join(api.explain(tree).as_text())


def test_a_key_tells_the_chain(tree: Path) -> None:
    drop_in(tree, b"ssh_pwauth: true\n", "10.cfg")
    drop_in(tree, b"ssh_pwauth: false\n", "20.cfg")
    assert api.explain(tree).key_text("ssh_pwauth") == [
        "ssh_pwauth: false",
        "  from /etc/cloud/cloud.cfg.d/20.cfg:1:13: false",
        "    over /etc/cloud/cloud.cfg.d/10.cfg:1:13: true",
    ]
    assert document(tree, "users")["key"]["value"] == ["default"]


def test_the_name_of_a_module_tells_what_becomes_of_it(tree: Path) -> None:
    text = "\n".join(api.explain(tree).key_text("scripts-user"))
    assert "in cloud_final_modules" in text
    assert "runcmd needs it" in text
    assert "in no list" in "\n".join(api.explain(tree).key_text("phone_home"))


def test_a_key_that_does_not_exist_is_told_with_what_may_be_meant(tree: Path) -> None:
    with pytest.raises(InputError) as caught:
        api.explain(tree).key_text("system_info.default_user.nmae")
    assert "system_info.default_user.name" in (caught.value.hint or "")


def test_the_drop_in_of_the_manual_workflow(tree: Path) -> None:
    """Packages, the list that cancels them, and that nobody gets in."""
    drop_in(tree, BY_HAND + b"datasource_list: [NoCloud, None]\n")
    explained = api.explain(tree)
    codes = {finding.code for finding in explained.findings}
    assert {"GS607", "GS608", "GS611", "GS617", "GS618"} <= codes
    boot = next(boot for boot in explained.boots if boot.seed.value == "none")
    assert boot.default_user == "admin"
    assert not boot.reachable
    assert not boot.finished


def test_one_file_lies_over_what_a_distribution_ships(tmp_path: Path) -> None:
    file = tmp_path / "99-custom-defaults.cfg"
    file.write_bytes(BY_HAND)
    rocky, debian = document(file, distro="rocky/9"), document(file)
    assert rocky["effective"]["system_info"]["default_user"]["groups"] == ["adm", "systemd-journal"]
    assert "sudo" in debian["effective"]["system_info"]["default_user"]["groups"]
    assert "rocky/9 is known to ship" in rocky["notes"][0]
    assert rocky["origins"]["/system_info/default_user/name"]["overrides"] == [
        {"file": CLOUD_CFG, "line": None, "column": None, "value": "rocky"}
    ]


def test_what_an_argument_is_can_be_said(tmp_path: Path) -> None:
    file = tmp_path / "defaults.txt"
    file.write_bytes(BY_HAND)
    assert document(file, kind=Kind.CLOUD_CONFIG)["kind"] == "cloud-config"


@pytest.mark.parametrize(
    ("base", "name"),
    [("{bootstrap: debian/12}", "debian"), ("{url: 'https://example.org/Rocky-9-GenericCloud.qcow2'}", "rocky")],
)
def test_a_recipe_without_its_base_uses_known_defaults_and_says_so(tmp_path: Path, base: str, name: str) -> None:
    recipe = tmp_path / "base.yaml"
    sha = ", sha256: " + 64 * "a" if "url" in base else ""
    recipe.write_text(RECIPE.format(base=base.replace("}", f"{sha}}}")))
    said = document(recipe)
    assert f"{name}/" in said["notes"][0]
    assert "the base is not at hand" in said["notes"][0]
    assert said["effective"]["datasource_list"] == ["NoCloud", "None"]
    lost = said["origins"]["/system_info/default_user/name"]["overrides"]
    assert [each["value"] for each in lost] == [name]
    assert "runcmd" not in {each["name"] for each in said["modules"]["config"]}
    assert "runcmd" in said["origins"]["/cloud_config_modules"]["overrides"][0]["value"]


def test_the_steps_of_a_recipe_that_write_configuration_count(tmp_path: Path) -> None:
    recipe = tmp_path / "base.yaml"
    steps = """\
customize:
  - write: {path: /etc/cloud/cloud.cfg.d/50-x.cfg, text: "hostname: {{ name }}\\n"}
  - write: {path: /etc/motd, text: "x"}
  - delete: [/etc/cloud/cloud.cfg.d/05_logging.cfg]
  - install: [htop]
"""
    recipe.write_text(RECIPE.format(base="{bootstrap: debian/13}") + steps)
    said = document(recipe)
    assert said["effective"]["hostname"] == "base"
    assert "output" not in said["effective"]
    assert "what the steps install may change of cloud-init is not foreseen" in said["notes"]


def test_a_base_of_which_nothing_is_known_is_told(tmp_path: Path) -> None:
    recipe = tmp_path / "base.yaml"
    sha = 64 * "a"
    recipe.write_text(RECIPE.format(base=f"{{url: 'https://example.org/image.qcow2', sha256: {sha}}}"))
    with pytest.raises(InputError, match="what it ships for cloud-init is not known") as caught:
        api.explain(recipe)
    assert "--distro" in (caught.value.hint or "")
    assert document(recipe, distro="almalinux/10")["cloud_init"] == "24.4"


def test_a_module_that_the_base_does_not_know_is_told(tmp_path: Path) -> None:
    recipe = tmp_path / "base.yaml"
    recipe.write_text(RECIPE.format(base="{bootstrap: debian/13}").replace("[runcmd]", "[yum_add_repo]"))
    with pytest.raises(InputError, match="yum_add_repo is in no module list"):
        api.explain(recipe)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://example.org/debian-12-genericcloud-amd64.qcow2", "debian/12"),
        ("images/trixie.qcow2", "debian/13"),
        ("Rocky-9-GenericCloud-Base.latest.x86_64.qcow2", "rocky/9"),
        ("AlmaLinux-10-GenericCloud-10.0.qcow2", "almalinux/10"),
        ("CentOS-Stream-GenericCloud-9-latest.qcow2", "centos/9"),
        ("rhel-9.6-x86_64-kvm.qcow2", "rhel/9"),
        ("disk.qcow2", None),
    ],
)
def test_the_distribution_that_a_name_speaks_of(text: str, name: str | None) -> None:
    assert guessed_name(text) == name
    assert name is None or shipped_by(name) is not None


def test_a_directory_without_cloud_init_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="contains no etc/cloud"):
        api.explain(tmp_path)


def test_a_bare_root_is_enough(tmp_path: Path) -> None:
    (tmp_path / "etc/cloud").mkdir(parents=True)
    (tmp_path / "etc/cloud/cloud.cfg").write_bytes(CONFIG)
    said = document(tmp_path)
    assert said["cloud_init"] is None
    assert any("version of cloud-init is not known" in note for note in said["notes"])


def test_the_kernels_command_line_counts(tree: Path) -> None:
    said = document(tree, cmdline="cc: {ssh_pwauth: true} end_cc")
    assert said["origins"]["/ssh_pwauth"]["file"] == "kernel command line"
    (tree / "boot/grub").mkdir(parents=True)
    (tree / "boot/grub/grub.cfg").write_text("linux /vmlinuz root=x cloud-init=disabled\n")
    assert document(tree)["first_boot"]["none"]["runs"] is False


def bomb() -> bytes:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for number in range(1, 12):
        text += f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]\n"
    return text.encode()


HOSTILE = b"""\
"\\e[31m\\a": "\\e]0;x\\a"
runcmd: ["\\e[2J"]
datasource_list: [NoCloud, None]
users:
  - default
  - {name: "a\\ud800\\e[2J", sudo: "ALL\\n  nobody can log in", shell: "/bin/\\e[31msh", groups: ["\\e[7m"]}
packages: ["\\e[31mhtop"]
ssh_genkeytypes: ["\\e[1m"]
cloud_init_modules: [users_groups, ssh, "\\e[2J"]
cloud_final_modules: [package_update_upgrade_install, final_message]
"""


BAD: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 100),
    "zeros": lambda path: path.write_bytes(b"\0" * 5000),
    "a byte order mark": lambda path: path.write_bytes(b"\xef\xbb\xbfa: 1\n"),
    "carriage returns": lambda path: path.write_bytes(b"a: 1\r\nb: 2\r\n"),
    "UTF-16": lambda path: path.write_bytes("a: 1\n".encode("utf-16")),
    "an alias bomb": lambda path: path.write_bytes(bomb()),
    "a cycle": lambda path: path.write_bytes(b"a: &a [*a]\n"),
    "a cycle of mappings": lambda path: path.write_bytes(b"a: &a {b: *a}\n"),
    "deep lists": lambda path: path.write_bytes(b"a: " + b"[" * 5000),
    "deep mappings": lambda path: path.write_bytes(b"a: " + b"{a: " * 3000 + b"}" * 3000),
    "deep blocks": lambda path: path.write_bytes(b"".join(b" " * n + b"a:\n" for n in range(400))),
    "many values": lambda path: path.write_bytes(b"a: [" + b"1," * 150_000 + b"]"),
    "an empty int": lambda path: path.write_bytes(b"a: !!int ''\n"),
    "a giant": lambda path: path.write_bytes(b"#" * (50 << 20)),
    "a directory": lambda path: path.mkdir(),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("/nowhere"),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link out of the guest": lambda path: path.symlink_to("../../../../../../../../../etc/shadow"),
    "a fifo": os.mkfifo,
    "escapes": lambda path: path.write_bytes(HOSTILE),
    "a bad way of merging": lambda path: path.write_bytes(b"merge_how: bogus\na: 1\n"),
}
HARMLESS = {"empty", "a byte order mark", "carriage returns", "escapes"}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("place", ["cloud.cfg.d/50-x.cfg", "cloud.cfg"])
def test_whatever_a_file_is_it_ends_in_a_finding_or_in_a_result(tree: Path, kind: str, place: str) -> None:
    path = tree / "etc/cloud" / place
    path.unlink(missing_ok=True)
    BAD[kind](path)
    drop_in(tree, b"ssh_pwauth: false\n", "90-good.cfg")
    explained = api.explain(tree)
    text = [*explained.as_text(), *explained.first_boot_text(), *explained.key_text("")]
    assert all(line.isprintable() for line in text), [line for line in text if not line.isprintable()]
    assert not any(line.startswith("  nobody can log in,") for line in text)
    "\n".join(text).encode()
    said = json.dumps(explained.as_json())
    assert "\x1b" not in said
    if kind not in HARMLESS:
        assert any(finding.code == "GS601" for finding in explained.findings), kind
    if explained.effective.fatal is None:
        assert explained.effective.config["ssh_pwauth"] is False


@pytest.mark.parametrize("name", [b"\xff.cfg", b"x\ny.cfg", b"\x1b[2J.cfg", "é\u202e.cfg".encode()])
def test_names_of_files_are_as_hostile_as_their_content(tree: Path, name: bytes) -> None:
    path = Path(os.fsdecode(bytes(tree) + b"/etc/cloud/cloud.cfg.d/" + name))
    path.write_bytes(b"ssh_pwauth: 'x'\nmerge_how: bogus\n")
    explained = api.explain(tree)
    assert explained.effective.fatal is not None
    text = [*explained.as_text(), *explained.first_boot_text(), *explained.key_text("def_log_file")]
    assert all(line.isprintable() for line in text)
    json.dumps(explained.as_json()).encode("ascii")


def test_an_enterprise_linux_tree_follows_its_distribution(tree: Path) -> None:
    (tree / "usr/lib/python3/dist-packages/cloudinit/version.py").unlink()
    package = tree / "usr/lib/python3.9/site-packages/cloudinit"
    package.mkdir(parents=True)
    (package / "version.py").write_text('__VERSION__ = "24.4"\n_PACKAGED_VERSION = "24.4-4.el9"\n')
    (tree / "etc/os-release").write_text('ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.6"\n')
    for path, content in (shipped_by("rocky/9") or pytest.fail("not known")).files.items():
        (tree / path.lstrip("/")).write_bytes(content)
    drop_in(tree, BY_HAND + b"datasource_list: [NoCloud, None]\n")
    explained = api.explain(tree)
    boot = next(boot for boot in explained.boots if boot.seed.value == "none")
    account = boot.account("admin")
    assert account is not None
    assert account.groups == ("adm", "systemd-journal")
    assert boot.running(Stage.FINAL) == ()
    assert (explained.version, explained.follows) == ("24.4", "24.4")
    assert "ssh_import_id" not in boot.running()
    codes = {finding.code for finding in explained.findings}
    assert {"GS607", "GS608", "GS611", "GS617"} <= codes
    assert "GS618" not in codes
