"""The first hour of a plain user: `init`, a build of what that wrote, by the engine that needs no root, and a clone.

The base is made from packages in the user's own cache, and shared with the other tests of this user.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from goldsmith.base.base import Base

pytestmark = [
    pytest.mark.rootless,
    pytest.mark.guestfs,
    pytest.mark.base,
    pytest.mark.boot,
    # Eight minutes under emulation on an idle host, half of them in the appliance.
    pytest.mark.full,
    pytest.mark.timeout(2400),
]
COMMAND = (sys.executable, "-c", "from goldsmith.cli.main import main; main()")


def goldsmith(folder: Path, *words: str) -> Any:
    """What a command that ends well says, as a document."""
    done = subprocess.run(
        [*COMMAND, *words, "--json"],
        cwd=folder,
        env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_plain_user_builds_the_starter_recipe_and_clones_it(debian12: Base, tmp_path: Path) -> None:
    assert os.geteuid() != 0
    assert goldsmith(tmp_path, "init", "web.yaml")["recipe"].endswith("web.yaml")

    built = goldsmith(tmp_path, "build", "web.yaml", "--events", "events.jsonl")
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    done = {event["step"]: event["summary"] for event in events if event["event"] == "StepFinished"}
    assert list(done) == ["base", "disk", "open", "customize", "generalize", "seal", "audit", "verify", "admit"]
    assert done["base"].startswith("in the cache, bootstrapped, ")
    assert done["open"].startswith("guestfs: ")
    assert (built["trust"]["level"], built["verification"]["verdict"]) == ("bootstrapped", "pass")
    assert [(clone["seed"], clone["proved"]) for clone in built["verification"]["clones"]] == [
        ("none", True),
        ("nocloud-empty", True),
        ("nocloud-user-data", True),
    ]
    assert json.loads(Path(built["manifest"]).read_text())["base"]["sha256"] == debian12.sha256

    cloned = goldsmith(tmp_path, "clone", "web:1.0", "vm1.qcow2")
    assert (cloned["backing"], cloned["virtual_size"]) == (built["image"], 10 << 30)
    subprocess.run(["qemu-img", "check", "-q", "-f", "qcow2", tmp_path / "vm1.qcow2"], check=True)
    left = [path for path in (*tmp_path.rglob("*"), *Path("/var/tmp").iterdir()) if ".goldsmith-" in path.name]
    assert left == []
