from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from goldsmith.guest.engines.tree import open_tree
from goldsmith.verification.gathering.tree import Tree

Opened = Callable[[Mapping[str, bytes | str]], Iterator[Tree]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    top = tmp_path / "root"
    (top / "etc").mkdir(parents=True)
    (top / "etc/os-release").write_text("ID=debian\n", encoding="utf-8")
    return top


@contextmanager
def opened(root: Path, files: Mapping[str, bytes | str]) -> Iterator[Tree]:
    """The tree with these files more; text stands for content, a text that begins with -> for a link's target."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str) and content.startswith("->"):
            path.symlink_to(content[2:])
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with open_tree(root, read_only=True) as guest:
        yield Tree(guest, guest.index())
