"""Cloud-init itself as the judge of what goldsmith says about it: 22.4 of Debian 12 and 25.1 of Debian 13.

How a test uses it (fixtures of tests/conftest.py, for tests marked `process`; the first use fetches the packages):

    def test_something(cloud_init: Oracle) -> None:              # both versions, one test each
    def test_something(cloud_init_22_4: Oracle, cloud_init_25_1: Oracle) -> None:

    cloud_init.root.version                   # "22.4.2-1+deb12u4": give it to goldsmith's functions
    cloud_init.root.ds_identify, .examples, .package, .path      # files of the packages, see packages.py
    cloud_init.root.cloud_init("schema", "--config-file", path)  # the command, a process each time
    cloud_init.ask(CODE, name=value, …)       # one long-lived process, about 0.1 ms: run CODE, get its `answer`
    cloud_init.warnings                       # what cloud-init logged at WARNING and above during the last request
    cloud_init.folder(name)                   # a path on tmpfs for what it shall look at
    cloud_init.config(files)                  # the system configuration of guest files: read_conf_with_confd

`CODE` is a constant string: it is compiled once. Values and the answer are whatever pickle knows by itself (dates,
bytes and sets included). What CODE raises becomes an OracleError with the exception's name.
"""

from __future__ import annotations

import pickle
import socket
import struct
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.oracle.packages import CloudInitRoot, cloud_init_root

from goldsmith.run import Running, running

SERVE = Path(__file__).with_name("serve.py")
PROTOCOL = 4
SECONDS = 60.0
# A root of the test's own on tmpfs where there is one; a file that names an absolute path says @ROOT@ before it.
ROOT_MARK = b"@ROOT@"
READ_CONFIG = """
import os, shutil
from cloudinit import util
shutil.rmtree(root, ignore_errors=True)
os.makedirs(root + "/etc/cloud/cloud.cfg.d")
for path, content in files.items():
    os.makedirs(os.path.dirname(root + path), exist_ok=True)
    with open(root + path, "wb") as file:
        file.write(content)
answer = util.read_conf_with_confd(root + "/etc/cloud/cloud.cfg")
"""


class OracleError(Exception):
    """What the oracle raised: `kind` is the exception's name."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Oracle:
    """A process of one version of cloud-init."""

    def __init__(self, root: CloudInitRoot, connection: socket.socket, work: Path, log: Path) -> None:
        self.root = root
        self.warnings: list[str] = []
        self._stream = connection.makefile("rwb")
        self._work = work
        self._log = log

    def ask(self, code: str, **values: Any) -> Any:
        """Run a piece of Python beside cloud-init; returns what it left in `answer`. Raises OracleError."""
        frame = pickle.dumps((code, values), PROTOCOL)
        self._stream.write(struct.pack("!Q", len(frame)) + frame)
        self._stream.flush()
        head = self._stream.read(8)
        assert head, f"the oracle ended: {self._log.read_text(errors='replace')[-2000:]}"
        kind, answer, self.warnings = pickle.loads(self._stream.read(struct.unpack("!Q", head)[0]))
        if kind == "error":
            raise OracleError(*answer)
        return answer

    def folder(self, name: str) -> str:
        """A path of the oracle's own on tmpfs, for files that it shall look at."""
        return str(self._work / name)

    def config(self, files: Mapping[str, bytes]) -> Any:
        """What cloud-init reads from the files of a guest, by guest path. Raises OracleError where it would die."""
        root = self.folder("root")
        placed = {path: content.replace(ROOT_MARK, root.encode()) for path, content in files.items()}
        return self.ask(READ_CONFIG, files=placed, root=root)


@contextmanager
def oracle(release: str) -> Iterator[Oracle]:
    """Start the oracle of a release, `22.4` or `25.1`, and end it with the block."""
    root = cloud_init_root(release)
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="goldsmith-oracle-", dir=shm if shm.is_dir() else None) as folder:
        work = Path(folder)
        ours, theirs = socket.socketpair()
        ours.settimeout(SECONDS)
        with ours, (work / "log").open("wb") as log:
            argv = [*root.python, "-W", "ignore", str(SERVE), str(theirs.fileno())]
            with running(argv, log=log, env=root.environment, pass_fds=(theirs.fileno(),)) as process:
                theirs.close()
                yield _ready(Oracle(root, ours, work, work / "log"), process)


def _ready(started: Oracle, process: Running) -> Oracle:
    version = started.ask("from cloudinit import version; answer = version.version_string()")
    assert process.poll() is None
    assert started.root.version.startswith(version.partition("-")[0])
    return started
