"""`verify` as a user runs it, on an image that no clone may come from: it says what is wrong, and ends with 5."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.boot.test_verify import MACHINE_ID, image

from goldsmith.base.base import Base
from goldsmith.disk.disk import DiskFormat
from goldsmith.disk.qemu_img import convert

pytestmark = [pytest.mark.root, pytest.mark.base, pytest.mark.timeout(600)]
Goldsmith = Callable[..., Any]


def test_a_baked_machine_id_is_named(goldsmith: Goldsmith, debian12: Base, tmp_path: Path) -> None:
    """Rehearsed: a container shows it as a machine does, in seconds."""
    overlay = image(debian12, tmp_path / "baked", **{"etc__machine-id": f"{MACHINE_ID}\n".encode()})
    disk = convert(overlay, tmp_path / "baked.qcow2", DiskFormat.QCOW2)
    words = ("--driver", "container", "--seed", "none", "--no-second-boot")
    said = goldsmith("verify", disk.path, *words, "--evidence", tmp_path / "evidence")
    assert said.code == 5
    named = f"machine-id {MACHINE_ID} was sealed into the image: all clones share it"
    assert said.out.splitlines()[0].startswith("fail: ")
    assert f"fail GS412 clone-1: {named}" in said.out.splitlines()

    again = goldsmith("report", tmp_path / "evidence", "--json")
    assert again.code == 5
    document = json.loads(again.out)
    assert document["verdict"] == "fail"
    failed = {(each["rule"], each["message"]) for each in document["outcomes"] if each["verdict"] == "fail"}
    assert ("GS412", named) in failed
