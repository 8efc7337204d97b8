"""What a person sees of `goldsmith explain`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from goldsmith.cli.main import app

pytestmark = pytest.mark.usefixtures("own_folders")
DROP_IN = "#cloud-config\nsystem_info:\n  default_user:\n    name: admin\nruncmd: [[ls]]\n"


def explain(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["explain", *map(str, words)])


@pytest.fixture
def drop_in(tmp_path: Path) -> Path:
    path = tmp_path / "99-x.cfg"
    path.write_text(DROP_IN)
    return path


def test_the_tree_with_its_origins_and_what_was_assumed(drop_in: Path) -> None:
    said = explain(drop_in, "--distro", "rocky/9").stdout
    assert "name: admin" in said
    assert '# 99-x.cfg:4, over "rocky" of cloud.cfg (assumed)' in said
    assert "the rest is what rocky/9 is known to ship, with cloud-init 24.4" in said
    assert "cloud_config_modules: 9 modules" in said


def test_a_key_says_its_chain_and_that_something_was_assumed(drop_in: Path) -> None:
    lines = explain(drop_in, "system_info.default_user.name").stdout.splitlines()
    assert lines[:3] == [
        'system_info.default_user.name: "admin"',
        '  from /etc/cloud/cloud.cfg.d/99-x.cfg:4:11: "admin"',
        '    over /etc/cloud/cloud.cfg (assumed): "debian"',
    ]
    assert lines[3].startswith("note: one file says nothing of the others: the rest is what debian/12 is known to ship")


def test_a_module_says_who_needs_it(drop_in: Path) -> None:
    said = explain(drop_in, "scripts_user").stdout
    assert "the module scripts_user" in said
    assert "runcmd needs it: without it, the commands are written to a script, and nothing runs it" in said


def test_first_boots(drop_in: Path) -> None:
    said = explain(drop_in, "--first-boot").stdout
    assert "without a seed (cloud-init 22.4.2)" in said
    assert "with an empty NoCloud seed" in said
    assert "nobody can log in" in said


def test_a_cloud_brings_a_key_and_says_so(drop_in: Path) -> None:
    said = explain(drop_in, "--first-boot", "--distro", "debian/13").stdout
    cloud = said[said.index("on EC2") :]
    assert cloud.startswith("on EC2, with a key in the metadata (cloud-init 25.1.4)")
    assert "admin can log in by ssh-key: 1 key" in cloud
    said = explain(drop_in, "--first-boot", "--distro", "debian/13", "--metadata-keys", "0").stdout
    assert "nobody can log in" in said[said.index("on EC2, with no key in the metadata") :]


def test_user_data_that_is_not_known_is_not_predicted(drop_in: Path) -> None:
    lines = explain(drop_in, "--first-boot").stdout.splitlines()
    heading = next(number for number, line in enumerate(lines) if line.startswith("with a NoCloud seed that carries"))
    assert lines[heading + 1] == (
        "  user-data is not known, so none is followed: all of what is said here it may replace"
    )


def test_user_data_that_is_given_is_followed(drop_in: Path, tmp_path: Path) -> None:
    path = tmp_path / "user-data"
    path.write_text("#cloud-config\npackages: [htop]\nusers: [{name: joe, ssh_authorized_keys: [ssh-ed25519 AAAA]}]\n")
    boots = json.loads(explain(drop_in, "--user-data", path, "--json").stdout)["first_boot"]
    seeded, cloud, seedless = boots["nocloud-user-data"], boots["openstack"], boots["none"]
    assert {(each["user"], each["way"]) for each in seeded["logins"]} == {("joe", "ssh-key")}
    assert seeded["packages"]["fetched"] == cloud["packages"]["fetched"] == ["htop"]
    assert (seeded["user_data"], seeded["metadata_keys"]) == (True, 0)
    assert (cloud["user_data"], cloud["metadata_keys"]) == (True, 1)
    assert (seedless["user_data"], seedless["packages"]["fetched"]) == (False, [])


def test_user_data_that_cannot_be_read_ends_with_2(drop_in: Path, tmp_path: Path) -> None:
    (tmp_path / "giant").write_bytes(bytes((1 << 20) + 1))
    for name in ("giant", "absent", "."):
        assert explain(drop_in, "--user-data", tmp_path / name).exit_code == 2


def test_an_unknown_key_ends_with_2_and_what_may_be_meant(drop_in: Path) -> None:
    result = explain(drop_in, "system_info.default_usr.name")
    assert result.exit_code == 2
    assert "hint: did you mean system_info.default_user.name" in result.stderr


def test_an_unknown_distribution_ends_with_2(drop_in: Path) -> None:
    result = explain(drop_in, "--distro", "solaris/11")
    assert result.exit_code == 2
    assert "nothing is known of what solaris/11 ships" in result.stderr


def test_the_document(drop_in: Path) -> None:
    document = json.loads(explain(drop_in, "/system_info/default_user/name", "--json").stdout)
    assert document["schema"] == "goldsmith.explain/1"
    assert document["key"]["value"] == "admin"
