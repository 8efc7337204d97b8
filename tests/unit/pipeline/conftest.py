"""Recipes in a folder of the test's own, and a small guest tree with things that no clone may inherit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.golden.trees import make

from goldsmith.events import Event
from goldsmith.recipe.load import load
from goldsmith.recipe.model import Recipe

MACHINE_ID = "0123456789abcdef0123456789abcdef"
CLEAN = """
guest debian
f 0444 /etc/machine-id = ""
f 0644 /etc/passwd = "root:x:0:0:root:/root:/bin/bash\\n"
f 0644 /usr/lib/python3/dist-packages/cloudinit/version.py = '__VERSION__ = "22.4.2"\\n'
f 0644 /boot/grub/grub.cfg = "linux /vmlinuz root=UUID=1 ro\\n"
d 0755 /var/lib/cloud
d 0755 /var/log
l /var/run -> /run
l /var/spool/mail -> ../mail
d 2775 /var/mail
d 1777 /tmp
"""
DIRTY = CLEAN.replace('/etc/machine-id = ""', f"/etc/machine-id = '{MACHINE_ID}\\n'") + (
    "f 0600 /root/.bash_history = 'passwd\\n'\n"
)
FULL = """\
name: web
version: "1.0"
arch: x86_64
base: {bootstrap: debian/12}
vars: {role: web}
disk: {size: 4G}
customize:
  - write: {path: /etc/motd, text: hello}
  - write: {path: /etc/role, text: "{{ role }} of {{ name }} {{ version }}"}
  - copy: {from: app, to: /srv/app}
datasource: local
generalize: {operations: defaults}
seal: {compression: zstd}
verify: {clones: 2}
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The host folder that the recipe copies."""
    folder = tmp_path / "app"
    (folder / "etc").mkdir(parents=True)
    (folder / "start").write_text("#!/bin/sh\n")
    (folder / "etc/app.conf").write_text("port=1\n")
    (folder / "current").symlink_to("start")
    return folder


@pytest.fixture
def recipe(app: Path) -> Callable[..., Recipe]:
    """The recipe FULL, each (old, new) of the changes made to its text."""

    def written(*changes: tuple[str, str], text: str = FULL) -> Recipe:
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = app.parent / "web.yaml"
        path.write_text(text)
        return load(path)

    return written


@pytest.fixture
def events() -> list[Event]:
    """What was emitted: pass `events.append`."""
    return []


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """A tree that generalizing leaves alone."""
    return _tree(tmp_path / "clean", CLEAN)


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    """A tree with a machine-id and root's history."""
    return _tree(tmp_path / "dirty", DIRTY)


def _tree(top: Path, text: str) -> Path:
    top.mkdir()
    make(top, text)
    return top
