"""scripts/setup where it may not install: it says what root has to type, and ends with 3."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.process
SETUP = Path(__file__).parents[3] / "scripts" / "setup"
MISSING = ("qemu-utils", "zstd")


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """Programs of a host that lacks two packages, where this is a plain user whom sudo does not know."""
    programs = tmp_path / "bin"
    programs.mkdir()
    lacking = "|".join(MISSING)
    stubs = {
        "dpkg-query": f"for package; do :; done\ncase $package in {lacking}) exit 1;; *) printf installed;; esac",
        "id": "echo 1000",
        "sudo": "exit 1",
        "apt-get": f"touch {tmp_path}/called",
    }
    for name, text in stubs.items():
        program = programs / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    return programs


@pytest.mark.parametrize("options", [(), ("--dev",), ("--dev", "--bench")])
def test_without_root_and_sudo_the_install_line_is_printed(host: Path, options: tuple[str, ...]) -> None:
    done = subprocess.run(
        [SETUP, *options],
        env={"PATH": f"{host}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines() == [
        "goldsmith needs packages that are not installed; as root run:",
        f"  apt-get install --no-install-recommends {' '.join(MISSING)}",
    ]
    assert not (host.parent / "called").exists()


def test_an_option_that_there_is_none_of(host: Path) -> None:
    done = subprocess.run([SETUP, "--all"], env={"PATH": f"{host}:/usr/bin:/bin"}, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (2, b"usage: scripts/setup [--dev] [--bench]\n")
