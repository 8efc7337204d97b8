"""What operations say beside their changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.golden.trees import make, opened

from goldsmith.generalization.generalize import Keep, preview, select
from goldsmith.generalization.remarks import remarks_as_json
from goldsmith.generalization.select import with_users

CERTIFICATE = "'-----BEGIN CERTIFICATE-----\\nSVBB\\n-----END CERTIFICATE-----\\n'"
FSTAB = (
    "f 0644 /etc/fstab = 'UUID=1 / ext4 defaults 0 1\\n#x /efi vfat x 0 0\\nUUID=2 /boot/efi vfat umask=0077 0 1\\n'\n"
)


def remarked(top: Path, text: str, name: str, keep: tuple[Keep, ...] = ()) -> list[tuple[str, str]]:
    make(top, text)
    with opened(top) as guest:
        return [(each.path, each.message) for each in preview(guest, select(name), keep=keep).remarks]


def test_scripts_of_clean_d_are_named_and_not_run(tmp_path: Path) -> None:
    text = (
        "guest debian\nf 0755 /etc/cloud/clean.d/20-b = 'true'\nf 0755 /etc/cloud/clean.d/10-a = 'true'\n"
        "f 0644 /etc/cloud/clean.d/README = 'words'\nd 0755 /etc/cloud/clean.d/d\np 0755 /etc/cloud/clean.d/fifo\n"
    )
    found = remarked(tmp_path, text, "cloud-init")
    assert [path for path, _ in found] == ["/etc/cloud/clean.d/10-a", "/etc/cloud/clean.d/20-b"]
    assert all("--run-clean-scripts" in message for _, message in found)


@pytest.mark.parametrize(
    ("more", "places"),
    [("d 0755 /boot/efi\n", ["/boot/efi"]), ("", ["/boot/efi"]), ("d 0755 /boot/efi/EFI\n", [])],
)
def test_a_boot_partition_that_is_not_seen_is_named(tmp_path: Path, more: str, places: list[str]) -> None:
    assert [path for path, _ in remarked(tmp_path, f"guest debian\n{FSTAB}{more}", "random-seed")] == places


CLOUD_INIT = "f 0644 /usr/lib/python3/dist-packages/cloudinit/version.py = '__VERSION__ = \"24.1\"\\n'\n"


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (CLOUD_INIT, False),
        ("", True),
        (CLOUD_INIT + "f 0644 /etc/cloud/cloud.cfg.d/99-x.cfg = 'network: {config: disabled}\\n'\n", True),
        (CLOUD_INIT + "f 0644 /etc/cloud/cloud-init.disabled = ''\n", True),
    ],
)
def test_a_network_that_nobody_writes_again_is_named(tmp_path: Path, more: str, *, named: bool) -> None:
    path = "/etc/netplan/50-cloud-init.yaml"
    text = f"guest debian\nf 0600 {path} = 'network: {{version: 2}}\\n'\n{more}"
    found = remarked(tmp_path, text, "network-config")
    assert [each for each, _ in found] == ([path] if named else [])


def test_a_trust_store_that_is_not_edited_is_named(tmp_path: Path) -> None:
    text = (
        f"guest rocky\nf 0644 /etc/ipa/ca.crt = {CERTIFICATE}\nf 0444 /etc/pki/ca-trust/extracted/java/cacerts = 'x'\n"
    )
    for name in "ab":
        (tmp_path / name).mkdir()
    ((path, _),) = remarked(tmp_path / "a", text, "ipa-client")
    assert path == "/etc/pki/ca-trust/extracted/java/cacerts"
    assert remarked(tmp_path / "b", text, "ipa-client", (Keep("/etc/ipa/*", "a member"),)) == []


def test_accounts_that_stay_by_their_name_or_are_not_there_are_named(tmp_path: Path) -> None:
    make(
        tmp_path, "guest debian\nf 0644 /etc/passwd = 'a:x:1000:1::/home/a:/bin/sh\\nb:x:1001:1::/home/b:/bin/sh\\n'\n"
    )
    operations = with_users(select("user-account"), keep=["a", "away"], remove=["a", "b", "typo"])
    with opened(tmp_path) as guest:
        said = [each.message for each in preview(guest, operations).remarks]
    assert said == [
        "the account a stays: it is named to be kept, or is the recipe's",
        "no account of a person is named typo: nothing to remove",
    ]


def test_remarks_are_told_as_notes(tmp_path: Path) -> None:
    make(tmp_path, "guest debian\n")
    (tmp_path / "etc/cloud/clean.d").mkdir(parents=True)
    odd = tmp_path / "etc/cloud/clean.d" / "a\nb"
    odd.touch()
    odd.chmod(0o755)
    with opened(tmp_path) as guest:
        (note,) = remarks_as_json(preview(guest, select("defaults")).remarks)
    assert (note["operation"], note["path"]) == ("cloud-init", "/etc/cloud/clean.d/a\\nb")
    assert "path_b64" in note
