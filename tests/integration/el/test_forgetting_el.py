"""Nothing that generalizing took from an XFS root, or from its ext4 /boot, is in the bytes of what comes out."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.el_image.disk import ElImage

from goldsmith.disk.qemu_img import create_overlay
from goldsmith.events import ignore
from goldsmith.generalization.select import select
from goldsmith.guest.change import ABSENT, Link, MakeDirectory, Plan, Write
from goldsmith.guest.open import open_guest
from goldsmith.pipeline.existing.generalize import generalize_existing

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]
WHY: dict[str, Any] = {"operation": "test", "reason": "test"}
CANARY = "{}51f7c0ffee5eed{}"
KINDS = {"content": "a1", "long": "b2", "name": "c3", "target": "d4", "folder": "e5", "boot": "f6"}
WORDS = {kind: CANARY.format(tag, tag) for kind, tag in KINDS.items()}
STAYS = CANARY.format("99", "99")


def test_no_canary_is_left_in_the_decoded_image(el_image: ElImage, tmp_path: Path) -> None:
    disk = create_overlay(tmp_path / "el.qcow2", el_image.disk)
    planted = (
        Write(path="/var/log/audit/new.log", seen=ABSENT, content=WORDS["content"].encode(), **WHY),
        Write(path="/root/.zsh_history", seen=ABSENT, content=WORDS["long"].encode() * 9000, **WHY),
        Write(path=f"/tmp/{WORDS['name']}", seen=ABSENT, content=b"x", **WHY),
        Link(path="/tmp/link", seen=ABSENT, target=f"/nowhere/{WORDS['target']}", **WHY),
        MakeDirectory(path=f"/var/tmp/{WORDS['folder']}", seen=ABSENT, **WHY),
        Write(path="/boot/initramfs-6.1.0kdump.img", seen=ABSENT, content=WORDS["boot"].encode(), **WHY),
        Write(path="/srv/stays", seen=ABSENT, content=STAYS.encode(), **WHY),
    )
    with open_guest(disk, engine="mount", scratch=tmp_path) as guest:
        guest.apply(Plan(planted))
        guest.sync()
    words = {*WORDS.values(), STAYS}
    assert found(disk.path, words, tmp_path) == words  # what is to be forgotten was there
    sealed = tmp_path / "sealed.qcow2"
    generalize_existing(
        disk, select("defaults"), (), engine="mount", output=sealed, in_place=False, dry_run=False, emit=ignore
    )
    assert found(sealed, words, tmp_path) == {STAYS}


def found(image: Path, words: set[str], folder: Path) -> set[str]:
    """Which words `grep -a` finds in the decoded form."""
    raw = folder / "decoded.raw"
    subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", image, raw], check=True)
    argv = ["grep", "--text", "--only-matching", "--fixed-strings", *(f"--regexp={word}" for word in words), str(raw)]
    said = subprocess.run(argv, capture_output=True, text=True, check=False, env={"LC_ALL": "C"})
    raw.unlink()
    return set(said.stdout.split())
