"""A planted guest, as a directory and as a disk, and the command itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.golden.trees import make
from tests.unit.rules.tree.audited import CLEAN

MIB = 1 << 20
COMMAND = (sys.executable, "-c", "from goldsmith.cli.main import main; main()")


@dataclass(frozen=True)
class Said:
    """A run of the command: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(self.out)
        return made

    @property
    def told(self) -> set[tuple[str, str, str | None]]:
        """Code, severity (or `waived`) and path of every finding."""
        return {
            (
                each["code"],
                "waived" if "waived" in each else each["severity"],
                each["place"]["path"] if each["place"] else None,
            )
            for each in self.document["findings"]
        }


Audit = Callable[..., Said]


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """`goldsmith audit`, with a state folder of its own."""
    state = tmp_path / "state"
    state.mkdir()

    def run(*words: object) -> Said:
        done = subprocess.run(
            [*COMMAND, "audit", *map(str, words)],
            env={**os.environ, "XDG_STATE_HOME": str(state)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A clean guest's tree, with a few things that no clone may have."""
    top = tmp_path / "tree"
    make(
        top,
        CLEAN.replace("d 1777 /tmp", "")
        + "f 0600 /etc/shadow = 'root:$1$salt$0123456789abcdefghijkl:1::::::\\n'\n"
        + f"f 0600 /etc/ssl/private/www.key = {KEY!r}\n"
        + "f 0440 /etc/sudoers.d/me = 'me ALL=(ALL) NOPASSWD: ALL\\n'\n"
        + "f 0600 /root/.netrc = 'machine x login me password hunter2\\n'\n"
        + "p 0600 /root/id_rsa\n",
    )
    return top


KEY = "-----BEGIN " + "PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIKr1VxZ0k3uSvD9n\n-----END " + "PRIVATE KEY-----\n"


def make_disk(path: Path, tree: Path, size: int = 64 * MIB) -> Path:
    """A raw disk with a GPT whose one partition is an ext4 file system of the tree."""
    with path.open("wb") as file:
        file.truncate(size)
    subprocess.run(
        ["/usr/sbin/sfdisk", "-q", path], input="label: gpt\nstart=1MiB, type=linux\n", text=True, check=True
    )
    subprocess.run(
        [
            "/usr/sbin/mke2fs",
            "-q",
            "-F",
            "-t",
            "ext4",
            "-d",
            tree,
            "-E",
            f"offset={MIB}",
            path,
            f"{size // 1024 - 2048}k",
        ],
        check=True,
        capture_output=True,
    )
    return path


@pytest.fixture
def disk(planted: Path, tmp_path: Path) -> Iterator[Path]:
    """The planted tree as a raw disk."""
    yield make_disk(tmp_path / "planted.raw", planted)
    assert [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(tmp_path) in line] == []
