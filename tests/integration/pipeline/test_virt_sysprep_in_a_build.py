"""`generalize: {with: virt-sysprep}` through a build, with a program in its place that says what it was told.

The real one is tested on a disk of its own; here nothing waits for its appliance.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.integration.pipeline.small_guest import make_small_guest

from goldsmith.disk.disk import Disk

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

LEFT = "f 0600 /etc/ssh/ssh_host_ed25519_key = 'key'\n"
RECIPE = """\
name: web
version: "1.0"
base: {file: base.raw}
customize:
  - write: {path: /srv/ours, text: ours}
generalize: {with: virt-sysprep, operations: "defaults,-logfiles"}
"""
STAND_IN = """\
#!/bin/sh
case $1 in
  --version) echo "virt-sysprep 9.9" ;;
  --list-operations) printf '%s\\n' "customize * x" "logfiles * x" "machine-id * x" "ssh-hostkeys * x" ;;
  *)
    for word; do echo "$word" >>"$SAID"; done
    env | grep LIBGUESTFS >>"$SAID"
    echo '[   1.0] Performing "machine-id" ...'
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Disk:
    """Read only."""
    return make_small_guest(tmp_path_factory.mktemp("base"), LEFT)


@pytest.fixture
def built(base: Disk, tmp_path: Path, goldsmith: Any) -> Callable[[str], Any]:
    """Builds with a virt-sysprep that does what these lines of shell do; `tmp_path / "said"` is what it was told."""

    def build(lines: str) -> Any:
        programs = tmp_path / "programs"
        programs.mkdir()
        (tmp_path / "base.raw").symlink_to(base.path)
        (tmp_path / "web.yaml").write_text(RECIPE)
        stand_in = programs / "virt-sysprep"
        # The environment of programs is goldsmith's own choice.
        text = STAND_IN.replace("$SAID", str(tmp_path / "said"))
        stand_in.write_text(f"{text}    {lines}\nesac\n")
        stand_in.chmod(0o755)
        words = ("build", tmp_path / "web.yaml", "--engine", "mount", "--pool", tmp_path / "pool")
        return goldsmith(*words, PATH=f"{programs}:{os.environ['PATH']}")

    return build


def test_what_it_leaves_is_told_and_refuses_the_image(built: Callable[[str], Any], tmp_path: Path) -> None:
    done = built("echo 'virt-sysprep: warning: no seed'")
    assert done.code == 5, done.err
    assert "GS302" in done.error
    assert "1 operations of virt-sysprep 9.9" not in done.err
    assert "2 operations of virt-sysprep 9.9, customize not among them" in done.err
    assert "! virt-sysprep: no seed" in done.err
    assert (
        "virt-sysprep left what ssh-hostkeys removes: /etc/ssh/ssh_host_ed25519_key; the audit refuses that" in done.err
    )
    assert list((tmp_path / "pool").glob("*.qcow2*")) == []
    told = (tmp_path / "said").read_text().splitlines()
    assert told[:2] == ["--operations=machine-id,ssh-hostkeys", "--format=qcow2"]
    assert told[2] == "--add"
    assert told[3].endswith("/overlay.qcow2")
    assert "LIBGUESTFS_BACKEND=direct" in told


def test_its_failure_is_the_builds(built: Callable[[str], Any], tmp_path: Path) -> None:
    done = built("echo 'virt-sysprep: error: no operating systems were found'; exit 1")
    assert done.code == 1, done.err
    assert done.error == "virt-sysprep ended with exit code 1: no operating systems were found"
    assert list((tmp_path / "pool").glob("*.qcow2*")) == []
