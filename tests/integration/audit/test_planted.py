"""The audit of images that goldsmith did not make: what is planted is told, in trees, on disks, and in deleted data."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Audit = Callable[..., Any]
pytestmark = pytest.mark.process

PLANTED = {
    ("GS310", "error", "/etc/ssl/private/www.key"),
    ("GS311", "error", "/etc/shadow"),
    ("GS317", "error", "/root/.netrc"),
    ("GS320", "error", "/etc/sudoers.d/me"),
}
CANARY = "canary of the build 4711"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    path = tmp_path / "canary"
    path.write_text(f"{CANARY}\n")
    return path


def test_a_directory(audit: Audit, planted: Path) -> None:
    said = audit(planted, "--json")
    assert (said.code, said.told) == (5, PLANTED)
    assert "hunter2" not in said.out + said.err


@pytest.mark.root
def test_a_disk_by_mount(audit: Audit, disk: Path) -> None:
    before = disk.read_bytes()
    said = audit(disk, "--engine", "mount", "--json")
    assert (said.code, said.told) == (5, PLANTED)
    assert disk.read_bytes() == before


def test_waived_findings_are_told_and_stop_nothing(audit: Audit, planted: Path) -> None:
    words = ("GS310:/etc/ssl/**=a lab", "GS311=locked later", "GS317=x", "GS320:/etc/sudoers.d/me=ours", "GS304=idle")
    said = audit(planted, "--json", *(part for word in words for part in ("--waive", word)))
    assert said.code == 0
    assert {(code, how) for code, how, _ in said.told} == {(code, "waived") for code, _, _ in PLANTED}
    assert said.document["idle_waivers"] == [{"rule": "GS304", "path": None, "reason": "idle"}]
    shown = audit(planted, *(part for word in words for part in ("--waive", word)))
    assert "because: a lab" in shown.out
    assert "the waiver of GS304 covers nothing" in shown.out
    assert shown.out.endswith("0 errors, 0 warnings and notes, 4 waived\n")


def test_sarif_in_a_file_and_on_standard_output(audit: Audit, planted: Path, tmp_path: Path) -> None:
    said = audit(planted, "--sarif", tmp_path / "log.sarif")
    assert said.code == 5
    assert "error GS310" in said.out
    log = json.loads((tmp_path / "log.sarif").read_text())
    assert {each["ruleId"] for each in log["runs"][0]["results"]} == {code for code, _, _ in PLANTED}
    direct = audit(planted, "--sarif", "-")
    assert (direct.code, json.loads(direct.out)) == (5, log)


def test_canaries_in_a_directory(audit: Audit, planted: Path, canary: Path) -> None:
    (planted / "srv").mkdir()
    assert "GS350" not in {code for code, _, _ in audit(planted, "--json", "--canary", canary).told}
    (planted / "srv" / "x").write_bytes(base64.b64encode(f"token={CANARY}".encode()))
    said = audit(planted, "--json", "--canary", canary)
    assert ("GS350", "error", "/srv/x") in said.told
    assert said.document["canaries"] == [str(canary)]


@pytest.mark.root
@pytest.mark.parametrize("packed", [False, True], ids=["raw", "qcow2"])
def test_what_was_deleted_from_a_disk_is_found(
    audit: Audit, planted: Path, tmp_path: Path, canary: Path, *, packed: bool
) -> None:
    """Its bytes in free space, and its name in a directory's slack."""
    (planted / "srv").mkdir()
    (planted / "srv" / "there").write_text("x")
    (planted / "srv" / CANARY).write_text(f"{CANARY}\n" * 500)
    disk = make_deleted(tmp_path, planted, f"/srv/{CANARY}")
    if packed:
        subprocess.run(["qemu-img", "convert", "-c", "-O", "qcow2", disk, tmp_path / "d.qcow2"], check=True)
        disk = tmp_path / "d.qcow2"
        assert CANARY.encode() not in disk.read_bytes()
    said = audit(disk, "--engine", "mount", "--canary", canary, "--json")
    (found,) = (each for each in said.document["findings"] if each["code"] == "GS350")
    assert (said.code, found["severity"], found["place"]) == (5, "error", None)
    assert "(partition 1) as it is" in found["message"]
    assert f"/srv/{CANARY}" not in {each["place"]["path"] for each in said.document["findings"] if each["place"]}


def make_deleted(folder: Path, tree: Path, path: str) -> Path:
    """A disk of the tree from which a file is deleted, as a guest deletes: its blocks and its entry are only freed."""
    from tests.integration.audit.conftest import MIB, make_disk  # noqa: PLC0415

    disk = make_disk(folder / "deleted.raw", tree)
    subprocess.run(
        ["/usr/sbin/debugfs", "-w", "-R", f'rm "{path}"', f"{disk}?offset={MIB}"], check=True, capture_output=True
    )
    return disk


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "no disk or directory was given"),
        (("--explain", "GS31O"), 2, "there is no rule GS31O"),
        (("TREE", "--waive", "GS31O=x"), 2, "the audit has no rule GS31O"),
        (("TREE", "--waive", "GS310"), 2, "is not CODE[:PATH]=REASON"),
        (("TREE", "--waive", "GS310="), 2, "is not CODE[:PATH]=REASON"),
        (("TREE", "--waive", "GS310:etc=x"), 2, "is not CODE[:PATH]=REASON"),
        (("TREE", "--canary", "/nowhere"), 2, "the canary /nowhere cannot be read"),
        (("TREE", "--canary", "TREE"), 2, "is no regular file"),
        (("TREE", "--sarif", "/nowhere/x"), 2, "--sarif /nowhere/x"),
        (("TREE", "--sarif", "-", "--json"), 2, "standard output holds one document"),
    ],
)
def test_bad_input(audit: Audit, planted: Path, words: tuple[str, ...], code: int, says: str) -> None:
    said = audit(*(str(planted) if word == "TREE" else word for word in words))
    assert said.code == code, said.err
    assert says in said.err


def test_rules_are_listed_and_explained(audit: Audit) -> None:
    listed = audit("--list", "--json").document["rules"]
    assert {each["code"] for each in listed} >= {"GS301", "GS310", "GS350"}
    for each in listed:
        assert each["holds"]
    assert "AGE" in audit("--explain", "GS310").out.upper()


@pytest.mark.rootless
def test_a_tree_that_a_user_may_not_read_in_whole(audit: Audit, planted: Path, canary: Path) -> None:
    locked = planted / "srv" / "locked"
    locked.parent.mkdir()
    locked.write_text("x")
    locked.chmod(0)
    said = audit(planted, "--canary", canary, "--json")
    assert ("GS350", "warning", "/srv/locked") in said.told
