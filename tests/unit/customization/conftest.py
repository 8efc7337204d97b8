"""A guest on a real directory, whose programs are told what to answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from goldsmith.customization.customization import Session
from goldsmith.events import Event
from goldsmith.guest.change import Plan
from goldsmith.guest.engines.tree import TreeGuest, open_tree
from goldsmith.guest.guest import Features, GuestProgram
from goldsmith.guest.index import Index
from goldsmith.guest.info import GuestInfo, PackageManager

DEBIAN = GuestInfo(
    distro="debian",
    version="12",
    pretty_name="Debian GNU/Linux 12 (bookworm)",
    like=(),
    arch="x86_64",
    package_manager=PackageManager.APT,
    init="systemd",
    cloud_init_version="22.4.2",
    selinux=None,
)


@dataclass
class Run:
    argv: tuple[str, ...]
    network: bool
    env: Mapping[str, str]
    files: Mapping[str, bytes]
    timeout: float


Answer = Callable[[tuple[str, ...]], tuple[int, bytes]]


@dataclass
class ScriptedGuest:
    """The tree engine, and programs that `answer` plays."""

    tree: TreeGuest
    top: Path
    engine: str = "scripted"
    features: Features = field(default_factory=lambda: Features(can_run=True, can_trim=False))
    answer: Answer = lambda _: (0, b"")
    runs: list[Run] = field(default_factory=list)
    applied: list[Plan] = field(default_factory=list)

    def index(self, roots: Sequence[str] = ("/",), *, digests: bool = False) -> Index:
        return self.tree.index(roots, digests=digests)

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        return self.tree.read(path, limit)

    def apply(self, plan: Plan) -> None:
        self.applied.append(plan)
        self.tree.apply(plan)

    def run(
        self,
        argv: Sequence[str],
        *,
        network: bool = False,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        timeout: float = 600.0,
    ) -> GuestProgram:
        del stdin
        self.runs.append(Run(tuple(argv), network, dict(env or {}), dict(files or {}), timeout))
        code, output = self.answer(tuple(argv))
        return GuestProgram(tuple(argv), code, output)

    def sync(self) -> None:
        """Nothing is held back."""

    def trim(self) -> None:
        """A directory has no blocks."""

    def close(self) -> None:
        self.tree.close()


@dataclass
class Bench:
    """A session on a guest in a directory: `guest / "etc/motd"` is a host path to look behind the face."""

    session: Session
    guest: ScriptedGuest
    events: list[Event]
    printed: list[bytes]

    def __truediv__(self, path: str) -> Path:
        return self.guest.top / path

    @property
    def folder(self) -> Path:
        return self.session.folder


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    top, folder = tmp_path / "guest", tmp_path / "recipe"
    folder.mkdir()
    for directory in ("etc/cloud/cloud.cfg.d", "usr/bin", "usr/share/zoneinfo/Europe", "var/lib/dpkg", "var/www"):
        (top / directory).mkdir(parents=True)
    (top / "bin").symlink_to("usr/bin")
    (top / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nweb:x:33:44::/var/www:/bin/false\n")
    (top / "etc/group").write_text("root:x:0:\nwww:x:44:\n")
    (top / "usr/share/zoneinfo/Europe/Berlin").write_bytes(b"TZif")
    events: list[Event] = []
    printed: list[bytes] = []
    with open_tree(top) as tree:
        guest = ScriptedGuest(tree, top)
        variables = {"name": "web", "version": "1.0"}
        session = Session(guest, DEBIAN, folder, variables, emit=events.append, output=printed.append)
        yield Bench(session, guest, events, printed)
