"""What a person is told about the drop-in that people write by hand, on the trees of two distributions."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from goldsmith.cli.main import app
from goldsmith.cloudinit.shipped import shipped_by

pytestmark = pytest.mark.usefixtures("own_folders")
DROP_IN = """\
#cloud-config
system_info:
  default_user:
    name: admin
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    shell: /bin/bash
ssh_pwauth: false
packages: [htop, vim-enhanced]
datasource_list: [NoCloud, None]
"""
NO_FINAL_STAGE = "cloud_final_modules: []\n"
OS_RELEASE = {
    "debian/12": 'ID=debian\nVERSION_ID="12"\n',
    "rocky/9": 'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.6"\n',
}
PACKAGE = {
    "debian/12": "usr/lib/python3/dist-packages/cloudinit",
    "rocky/9": "usr/lib/python3.9/site-packages/cloudinit",
}


@pytest.fixture(params=sorted(OS_RELEASE))
def distro(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def root(tmp_path: Path, distro: str) -> Path:
    """An installed system that never booted, but for the default user of its image."""
    shipped = shipped_by(distro)
    assert shipped is not None
    old = distro.partition("/")[0]
    for path, content in {
        **shipped.files,
        "/etc/os-release": OS_RELEASE[distro].encode(),
        f"/{PACKAGE[distro]}/version.py": f'__VERSION__ = "{shipped.version}"\n'.encode(),
        "/etc/passwd": f"root:x:0:0::/root:/bin/bash\n{old}:x:1000:1000::/home/{old}:/bin/bash\n".encode(),
        "/etc/shadow": f"root:*:19000::::::\n{old}:!:19000::::::\n".encode(),
        "/etc/ssh/sshd_config": b"Include /etc/ssh/sshd_config.d/*.conf\n",
    }.items():
        (tmp_path / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path.lstrip("/")).write_bytes(content)
    return tmp_path


def write(root: Path, text: str) -> None:
    folder = root / "etc/cloud/cloud.cfg.d"
    folder.mkdir(exist_ok=True)
    (folder / "99-custom-defaults.cfg").write_text(text)


def goldsmith(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, words)])


@pytest.mark.parametrize("verb", ["lint", "explain"])
def test_what_is_wrong_with_it(root: Path, distro: str, verb: str) -> None:
    write(root, DROP_IN + NO_FINAL_STAGE)
    said = goldsmith(verb, root)
    old = distro.partition("/")[0]
    for finding in (
        f"warning GS607: the default user is admin, but the user {old} is in the image already",
        "note GS608: without user-data nobody can log in to a clone: admin, with a locked password and no key",
        "warning GS611: `packages` has no effect: `cloud_final_modules` leaves out package_update_upgrade_install",
        "note GS617: `packages` would download packages on every clone's first boot, if its module ran",
    ):
        assert finding in said.stdout
    wrong_name = "error GS618: vim-enhanced is not the name of a package on this distribution (debian)"
    assert (wrong_name in said.stdout) is (distro == "debian/12")
    assert said.exit_code == (2 if verb == "lint" and distro == "debian/12" else 0)


def test_an_old_default_user_that_may_have_been_made(root: Path, distro: str) -> None:
    (root / "etc/passwd").unlink()
    write(root, DROP_IN)
    old = distro.partition("/")[0]
    expected = f"note GS607: the default user is admin: if {old} was made before (the base booted once), that account"
    for words in (("lint",), ("explain",), ("explain", "--first-boot")):
        assert expected in goldsmith(*words, root).stdout


def test_what_its_first_boots_do(root: Path, distro: str) -> None:
    write(root, DROP_IN + NO_FINAL_STAGE)
    boots = goldsmith("explain", root, "--first-boot").stdout.split("\n\n")
    seedless = next(boot for boot in boots if boot.startswith("without a seed"))
    empty = next(boot for boot in boots if boot.startswith("with an empty NoCloud seed"))
    groups = {"debian/12": "adm, audio, cdrom, dialout, dip, floppy, netdev, plugdev, sudo, video"}.get(
        distro, "adm, systemd-journal"
    )
    old = distro.partition("/")[0]
    for boot in (seedless, empty):
        assert f"  user admin (made): shell /bin/bash, groups {groups}, sudo ALL=(ALL) NOPASSWD:ALL" in boot
        assert f"  user {old} (in the image): shell /bin/bash" in boot
        assert "  nobody can log in\n" in boot
        assert "  final stage:" not in boot
        assert "fetched from the network" not in boot
        assert "  finished: nothing says so, and no boot-finished" in boot


def test_what_they_fetch_where_the_final_stage_stays(root: Path) -> None:
    write(root, DROP_IN)
    assert "  fetched from the network: htop, vim-enhanced\n" in goldsmith("explain", root, "--first-boot").stdout
    assert "warning GS617: `packages` downloads packages on every clone's first boot" in goldsmith("lint", root).stdout
