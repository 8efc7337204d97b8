"""Lint of what is there: which kind it is, what is judged, and the repairs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.unit.guest.test_rpm_database import database, header

from goldsmith import api
from goldsmith.errors import BuildError, InputError
from goldsmith.findings import HostPlace, Severity
from goldsmith.guest.engines.tree import TreeGuest
from goldsmith.guest.index import Index
from goldsmith.guest.worker.posix_tree import PosixTree
from goldsmith.pipeline.existing.lint import Kind, Linted, kind_of
from goldsmith.pipeline.steps.cloud_config import cloud_config_of
from goldsmith.rules.cloudconfig.lint import lint
from goldsmith.settings import cache_dir

CLOUD_CFG = """\
users: [default]
system_info: {default_user: {name: debian}}
cloud_init_modules: [users_groups, ssh]
cloud_config_modules: [locale, set_passwords]
cloud_final_modules: [package_update_upgrade_install]
"""
SCHEMA = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "properties": {"ssh_pwauth": {"oneOf": [{"type": "boolean"}, {"type": "string"}]}, "locale": {"type": "string"}},
}


@pytest.fixture(autouse=True)
def no_schema_in_the_cache(own_folders: Path) -> Path:
    return own_folders


def codes(linted: Linted) -> list[tuple[str, str]]:
    return [(str(finding.place).rpartition("/")[2], finding.code) for finding in linted.findings]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A guest's tree with cloud-init of Debian 12."""
    top = tmp_path / "root"
    digest = hashlib.md5(CLOUD_CFG.encode(), usedforsecurity=False).hexdigest()
    status = (
        "Package: cloud-init\nStatus: install ok installed\nArchitecture: all\nVersion: 22.4.2-1\n"
        f"Conffiles:\n /etc/cloud/cloud.cfg {digest}\n\nPackage: htop\nStatus: install ok installed\n"
    )
    package = "usr/lib/python3/dist-packages/cloudinit"
    for path, text in {
        "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
        "etc/cloud/cloud.cfg": CLOUD_CFG,
        "etc/cloud/cloud.cfg.d/90_dpkg.cfg": "datasource_list: [NoCloud, None]\n",
        "etc/cloud/cloud.cfg.d/README": "read me\n",
        "etc/passwd": "root:x:0:0::/root:/bin/sh\ndebian:x:1000:1000::/home/debian:/bin/sh\n",
        "var/lib/dpkg/status": status,
        f"{package}/config/schemas/schema-cloud-config-v1.json": json.dumps(SCHEMA),
        f"{package}/version.py": '__VERSION__ = "22.4.2"\n',
    }.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    return top


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.yaml", "name: a\n", Kind.RECIPE),
        ("a.cfg", "a: 1\n", Kind.CLOUD_CONFIG),
        ("a.yaml", "#cloud-config\na: 1\n", Kind.CLOUD_CONFIG),
        ("user-data", "\ufeff#cloud-config\n", Kind.CLOUD_CONFIG),
        ("a.qcow2", "", Kind.DISK),
    ],
)
def test_what_an_argument_is(tmp_path: Path, name: str, text: str, kind: Kind) -> None:
    (tmp_path / name).write_text(text)
    assert kind_of(tmp_path / name) is kind
    assert kind_of(tmp_path) is Kind.TREE


def test_nothing_is_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        api.lint(tmp_path / "a.cfg")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.cfg")
    for path in (tmp_path / "a.cfg", Path("/dev/zero")):
        with pytest.raises(InputError, match="is neither a file nor a directory"):
            api.lint(path)
    (tmp_path / "b.cfg").symlink_to("b.cfg")
    with pytest.raises(InputError, match="symbolic links"):
        api.lint(tmp_path / "b.cfg")
    (tmp_path / "c.cfg").write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(InputError, match="larger than 1 MiB"):
        api.lint(tmp_path / "c.cfg")


def test_a_directory_with_its_configuration_alone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no /etc/cloud"):
        api.lint(tmp_path)
    (tmp_path / "etc/cloud").mkdir(parents=True)
    (tmp_path / "etc/cloud/cloud.cfg").write_text("users: [default]\ndatasource_list: [NoCloud, None]\n")
    assert codes(api.lint(tmp_path)) == []


def test_a_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "user-data"
    path.write_text("#cloud-config\npackages: [htop]\n")
    linted = api.lint(path)
    assert codes(linted) == [("user-data:2:1", "GS617")]
    assert (linted.kind, linted.against) == (Kind.CLOUD_CONFIG, "goldsmith's own table of keys and modules")


def test_a_file_alone_of_a_distribution(tmp_path: Path) -> None:
    path = tmp_path / "99-a.cfg"
    path.write_text("packages: [vim-enhanced, dnsutils]\nsystem_info: {default_user: {name: admin}}\n")
    told = {distro: api.lint(path, distro=distro).findings for distro in ("debian/12", "rocky/9")}
    assert [(str(each.place).rpartition("/")[2], each.hint) for each in told["debian/12"] if each.code == "GS618"] == [
        ("99-a.cfg:1:12", "its name here: vim")
    ]
    assert [each.hint for each in told["rocky/9"] if each.code == "GS618"] == ["its name here: bind-utils"]
    assert ["if rocky was made" in each.message for each in told["rocky/9"] if each.code == "GS607"] == [True]
    assert "GS618" in {each.code for each in api.explain(path, distro="debian/12").findings}
    with pytest.raises(InputError, match="nothing is known of what solaris/11 ships"):
        api.lint(path, distro="solaris/11")
    with pytest.raises(InputError, match="--distro is for a file alone"):
        api.lint(tmp_path, distro="debian/12")


def test_a_file_alone_and_a_schema_in_the_cache(tmp_path: Path) -> None:
    folder = cache_dir() / "schemas"
    folder.mkdir(parents=True)
    (folder / "cloud-init-22.4.2.json").write_text(json.dumps(SCHEMA))
    path = tmp_path / "99-a.cfg"
    path.write_text("locale: [C]\n")
    linted = api.lint(path)
    assert codes(linted) == [("99-a.cfg:1:1", "GS622")]
    assert linted.against == "the schema of cloud-init 22.4.2, of this host's distribution"


def test_a_recipe_that_is_said_to_be_a_configuration(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("ssh_deletekeys: false\n")
    assert api.lint(path).findings[0].code == "GS102"
    assert codes(api.lint(path, kind=Kind.CLOUD_CONFIG)) == [("a.yaml:1:1", "GS616")]


def test_an_image_as_its_distribution_made_it(root: Path) -> None:
    linted = api.lint(root)
    assert codes(linted) == []
    assert linted.against == "the image's own schema, cloud-init 22.4"


def test_a_drop_in_of_an_image(root: Path) -> None:
    drop_in = root / "etc/cloud/cloud.cfg.d/99-ours.cfg"
    drop_in.write_text("locale: [C]\nsystem_info:\n  default_user: {name: admin}\n")
    (root / "etc/cloud/cloud.cfg").write_text(f"{CLOUD_CFG}# ours\n")
    (root / "etc/cloud/cloud.cfg.d/99-ours.yaml").write_text("")
    assert codes(api.lint(root)) == [
        ("cloud.cfg:1:1", "GS605"),
        ("99-ours.cfg:1:1", "GS622"),
        ("99-ours.cfg:3:18", "GS607"),
        ("99-ours.cfg:3:18", "GS608"),
        ("99-ours.yaml:1:1", "GS606"),
    ]
    drop_in.write_text("ssh_pwauth: yes\n")
    (root / "home/debian/.ssh").mkdir(parents=True)
    (root / "home/debian/.ssh/authorized_keys").write_text("ssh-ed25519 AAAA me\n")
    assert ("99-ours.cfg:1:1", "GS622") not in codes(api.lint(root))


def test_an_edited_cloud_cfg_of_enterprise_linux(root: Path) -> None:
    (root / "var/lib/dpkg/status").unlink()
    (root / "etc/os-release").write_text('ID=rocky\nID_LIKE="rhel"\nVERSION_ID="9.4"\n')
    digest = hashlib.sha256(CLOUD_CFG.encode()).hexdigest()
    (root / "var/lib/rpm").mkdir(parents=True)
    header_ = header("cloud-init", "24.4", "1.el9", "noarch", files={"/etc/cloud/cloud.cfg": digest})
    database(root / "var/lib/rpm/rpmdb.sqlite", [header_])
    assert ("cloud.cfg:1:1", "GS605") not in codes(api.lint(root))
    (root / "etc/cloud/cloud.cfg").write_text(f"{CLOUD_CFG}# ours\n")
    assert ("cloud.cfg:1:1", "GS605") in codes(api.lint(root))


def test_hostile_files_of_a_tree_end_in_findings(root: Path, tmp_path: Path) -> None:
    folder = root / "etc/cloud/cloud.cfg.d"
    (folder / "50-folder.cfg").mkdir()
    (folder / "51-loop.cfg").symlink_to("51-loop.cfg")
    (folder / "52-outside.cfg").symlink_to(tmp_path / "secret.cfg")
    (tmp_path / "secret.cfg").write_text("ssh_deletekeys: false\n")
    (folder / "53-binary.cfg").write_bytes(bytes(range(256)))
    (folder / "54-zero.cfg").symlink_to("/dev/zero")
    os.mkfifo(folder / "55-fifo.cfg")
    (folder / "56-giant.cfg").write_bytes(bytes(50 << 20))
    (root / "etc/cloud/ds-identify.cfg").write_bytes(bytes(50 << 20))
    (folder / "99-good.cfg").write_text("apt_upgrade: true\n")
    found = api.lint(root).findings
    assert [(str(finding.place).rpartition("/")[2], finding.code, finding.severity.value) for finding in found] == [
        ("50-folder.cfg:1:1", "GS601", "warning"),
        ("51-loop.cfg:1:1", "GS601", "warning"),
        ("52-outside.cfg:1:1", "GS601", "warning"),
        ("53-binary.cfg:1:1", "GS601", "error"),
        ("54-zero.cfg:1:1", "GS601", "warning"),
        ("55-fifo.cfg:1:1", "GS601", "warning"),
        ("56-giant.cfg:1:1", "GS601", "error"),
        ("99-good.cfg:1:1", "GS604", "warning"),
        ("ds-identify.cfg:1:1", "GS601", "error"),
    ]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("a loop", "a link that leads to no folder: cloud-init reads no drop-in"),
        ("a file", "a file, not a folder: cloud-init reads no drop-in"),
    ],
)
def test_drop_ins_without_a_folder_are_told(root: Path, kind: str, message: str) -> None:
    folder = root / "etc/cloud/cloud.cfg.d"
    shutil.rmtree(folder)
    if kind == "a loop":
        folder.symlink_to("cloud.cfg.d")
    else:
        folder.write_text("users: [default]\n")
    told = [finding for finding in api.lint(root).findings if finding.code == "GS601"]
    assert [(finding.message, finding.place) for finding in told] == [(message, HostPlace(str(folder), 1, 1))]
    assert [finding.message for finding in api.explain(root).findings if finding.code == "GS601"] == [message]


def test_a_fifo_in_the_place_of_cloud_cfg_is_told_once(root: Path) -> None:
    (root / "etc/cloud/cloud.cfg").unlink()
    os.mkfifo(root / "etc/cloud/cloud.cfg")
    told = [finding for finding in api.lint(root).findings if finding.code == "GS601"]
    assert [finding.message for finding in told] == ["a fifo, not a file: cloud-init does not get past it"]
    assert told[0].severity is Severity.ERROR


def test_drop_ins_in_another_folder_are_judged(root: Path) -> None:
    (root / "etc/cloud/cloud.cfg").write_text(f"{CLOUD_CFG}conf_d: /srv/conf\ndatasource_list: [NoCloud, None]\n")
    (root / "srv/conf").mkdir(parents=True)
    (root / "srv/conf/50-x.cfg").write_text("packages: [htop]\n")
    (root / "srv/conf/60-x.yaml").write_text("")
    (root / "etc/cloud/cloud.cfg.d/50-y.cfg").write_text("apt_upgrade: true\n")
    assert {("50-x.cfg:1:1", "GS617"), ("60-x.yaml:1:1", "GS606")} <= set(codes(api.lint(root)))
    assert "GS604" not in {code for _, code in codes(api.lint(root))}


class Refusing(TreeGuest):
    """A tree of which one file and one folder are closed to whoever looks."""

    def index(self, roots: Sequence[str] = ("/",), *, digests: bool = False) -> Index:
        if "/etc/sudoers.d" in roots:
            raise BuildError("cannot list /etc/sudoers.d in the guest: permission denied")
        return super().index(roots, digests=digests)

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        if path in {"/etc/cloud/cloud.cfg.d/50-closed.cfg", "/etc/hostname", "/boot/grub/grub.cfg"}:
            raise BuildError(f"cannot read {path} in the guest: permission denied")
        return super().read(path, limit)


def test_what_is_closed_is_told_and_the_rest_is_judged(root: Path) -> None:
    for path in ("etc/cloud/cloud.cfg.d/50-closed.cfg", "etc/hostname", "boot/grub/grub.cfg"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("ssh_pwauth: true\n")
    (root / "etc/cloud/cloud.cfg.d/60-open.cfg").write_text("apt_upgrade: true\n")
    subject = cloud_config_of(Refusing(PosixTree(str(root)), read_only=True))
    assert [(str(finding.place), finding.code, finding.severity.value) for finding in lint(subject)] == [
        ("/boot", "GS601", "warning"),
        ("/etc/cloud/cloud.cfg.d/50-closed.cfg", "GS601", "error"),
        ("/etc/cloud/cloud.cfg.d/60-open.cfg:1:1", "GS604", "warning"),
        ("/etc/hostname", "GS601", "warning"),
        ("/etc/sudoers.d", "GS601", "warning"),
    ]


@pytest.mark.timeout(60)
def test_what_is_read_is_bounded_in_all(root: Path) -> None:
    text = "# nothing is said here\n" * 4_000
    for number in range(60):
        (root / f"etc/cloud/cloud.cfg.d/{number:02}-x.cfg").write_text(text)
    (root / "etc/sudoers.d").mkdir()
    for number in range(12):
        (root / f"etc/sudoers.d/{number:02}").write_bytes(bytes(1 << 20))
    told = [finding for finding in api.lint(root).findings if finding.code == "GS601"]
    assert sum("more than goldsmith reads" in finding.message for finding in told) > 30
    assert any("8 MiB would be read" in finding.message for finding in told)


def test_the_command_line_of_the_boot_loader_counts(root: Path) -> None:
    (root / "etc/cloud/cloud.cfg.d/90_dpkg.cfg").write_text("datasource_list: [NoCloud, Ec2, None]\n")
    assert [code for _, code in codes(api.lint(root))] == ["GS619"]
    (root / "boot/grub").mkdir(parents=True)
    (root / "boot/grub/grub.cfg").write_text("linux /vmlinuz root=x ci.ds=None\n")
    assert codes(api.lint(root)) == []


def test_repairs_leave_comments_and_order(tmp_path: Path) -> None:
    path = tmp_path / "99-a.cfg"
    path.write_text(
        "# ours\napt_upgrade: true   # daily\nwrite_files:\n- {permissions: 0644, path: /a, owner: 0123}  # a mode\n"
    )
    linted = api.lint(path)
    assert len(api.repair(linted)) == 3
    assert path.read_text() == (
        "# ours\npackage_upgrade: true   # daily\n"
        "write_files:\n- {permissions: '0644', path: /a, owner: '0123'}  # a mode\n"
    )
    assert api.repair(api.lint(path)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffapt_upgrade: true\nusers: [{name: 0123}]\n",
        "# a\u2028apt_upgrade: true\x85# b\r\nusers: [{name: 0123}]\r",
        "apt_upgrade: true\nusers: [{gecos: a\ufeff, name: 0123}]",
    ],
)
def test_repairs_count_lines_and_columns_as_pyyaml_does(tmp_path: Path, text: str) -> None:
    path = tmp_path / "99-a.cfg"
    path.write_bytes(text.encode())
    assert len(api.repair(api.lint(path))) == 2
    assert path.read_bytes().decode() == text.replace("apt_", "package_").replace("0123", "'0123'")


def test_an_alias_is_repaired_where_its_anchor_stands(tmp_path: Path) -> None:
    path = tmp_path / "99-a.cfg"
    path.write_text("users: [&a {name: x, lock-passwd: true}, *a]\n")
    assert len(api.repair(api.lint(path))) == 2
    assert path.read_text() == "users: [&a {name: x, lock_passwd: true}, *a]\n"


def test_a_file_that_changed_meanwhile_is_not_repaired(tmp_path: Path) -> None:
    path = tmp_path / "99-a.cfg"
    path.write_text("apt_upgrade: true\n")
    linted = api.lint(path)
    path.write_text("# new\napt_upgrade: true\n")
    with pytest.raises(InputError, match="is not what it was"):
        api.repair(linted)
    assert path.read_text() == "# new\napt_upgrade: true\n"


def test_repairs_of_a_directory_never_leave_it(root: Path, tmp_path: Path) -> None:
    """The guest's link leads to a file of the guest, whatever the host has at the same path."""
    outside = tmp_path / "outside.txt"
    outside.write_text("apt_upgrade: true\n")
    inside = root / str(outside).lstrip("/")
    inside.parent.mkdir(parents=True)
    inside.write_text("apt_upgrade: true\n")
    drop_in = root / "etc/cloud/cloud.cfg.d/50-x.cfg"
    drop_in.symlink_to(outside)
    assert [finding.code for finding in api.repair(api.lint(root))] == ["GS604"]
    assert outside.read_text() == "apt_upgrade: true\n"
    assert inside.read_text() == "package_upgrade: true\n"
    assert drop_in.is_symlink()


def test_a_link_that_was_led_elsewhere_meanwhile_is_not_followed(root: Path, tmp_path: Path) -> None:
    drop_in = root / "etc/cloud/cloud.cfg.d/50-x.cfg"
    drop_in.write_text("apt_upgrade: true\n")
    linted = api.lint(root)
    outside = tmp_path / "outside.txt"
    outside.write_text("apt_upgrade: true\n")
    drop_in.unlink()
    drop_in.symlink_to(outside)
    with pytest.raises(InputError, match="leads to no file of the guest"):
        api.repair(linted)
    assert outside.read_text() == "apt_upgrade: true\n"


def test_two_names_of_one_file_are_repaired_once(root: Path) -> None:
    folder = root / "etc/cloud/cloud.cfg.d"
    (folder / "50-x.cfg").write_text("apt_upgrade: true\n")
    (folder / "60-x.cfg").symlink_to("50-x.cfg")
    assert len(api.repair(api.lint(root))) == 2
    assert (folder / "50-x.cfg").read_text() == "package_upgrade: true\n"


def test_a_rule_explains_itself() -> None:
    lines = api.explain_rule("GS617")
    assert lines[0] == "GS617: packages are baked in"
    assert {"Wrong:", "Right:", "Since: every version", "  packages: [htop]"} <= set(lines)
    with pytest.raises(InputError) as caught:
        api.explain_rule("GS999")
    assert caught.value.hint is not None
