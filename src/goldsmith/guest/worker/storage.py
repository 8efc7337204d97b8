"""A disk as one raw file: QEMU's storage daemon exports it by FUSE, whatever its format and however long its chain."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from goldsmith.errors import BuildError, HostError
from goldsmith.guest.worker.backend import DiskFile, Opening
from goldsmith.run import Running, run, running

START_TIMEOUT = 60.0
STOP_TIMEOUT = 60.0
TOP = "top"


@contextmanager
def exported(opening: Opening, private: str) -> Iterator[str]:
    """The path of a raw file that is the disk. With `read_only` what is written to it is thrown away.

    `private` is a folder on a tmpfs. Leaving the block ends the daemon in good order. Raises BuildError where it cannot
    open the disk, or cannot write what it still holds.
    """
    chain = list(opening.chain)
    if opening.read_only:
        # The guest's journal may have to be replayed: into a file of ours. The disk itself is opened to be read only.
        throwaway = os.path.join(opening.folder, "throwaway.qcow2")
        run(["qemu-img", "create", "-q", "-f", "qcow2", throwaway, str(opening.virtual_size)], timeout=60)
        chain.insert(0, DiskFile(throwaway, "qcow2"))
    raw, pid_file, log_path = (os.path.join(private, name) for name in ("disk", "storage.pid", "storage.log"))
    with open(raw, "xb"):
        pass
    argv = storage_argv(chain, raw, pid_file)
    with open(log_path, "wb") as log, running(argv, log=log) as daemon:
        _await(daemon, raw, pid_file, log_path, opening)
        yield raw
        # After an error it is killed instead: then nothing of the disk matters any more.
        _stop(daemon, pid_file, log_path, opening)


def storage_argv(chain: Sequence[DiskFile], mountpoint: str, pid_file: str) -> list[str]:
    """The daemon's command line: every format and every backing file stated, nothing probed, only the top written."""
    argv = ["qemu-storage-daemon"]
    for depth in range(len(chain) - 1, -1, -1):
        for node in _nodes(chain, depth):
            argv += ["--blockdev", json.dumps(node)]
    export = {
        "type": "fuse",
        "id": "export",
        "node-name": TOP,
        "mountpoint": mountpoint,
        "writable": True,
        "growable": False,
        "allow-other": "off",
    }
    return [*argv, "--export", json.dumps(export), "--pidfile", pid_file]


def _nodes(chain: Sequence[DiskFile], depth: int) -> Iterator[dict[str, Any]]:
    file, written = chain[depth], depth == 0
    discard = "unmap" if written else "ignore"
    yield {
        "driver": "file",
        "node-name": f"file{depth}",
        "filename": file.path,
        "read-only": not written,
        "auto-read-only": False,
        "discard": discard,
    }
    node: dict[str, Any] = {
        "driver": file.format,
        "node-name": TOP if written else f"disk{depth}",
        "file": f"file{depth}",
        "read-only": not written,
        "discard": discard,
    }
    if file.format == "qcow2":
        # null: a backing file that the header names and nobody stated is not opened.
        node["backing"] = f"disk{depth + 1}" if depth + 1 < len(chain) else None
    yield node


def _await(daemon: Running, raw: str, pid_file: str, log_path: str, opening: Opening) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not (os.path.exists(pid_file) and os.stat(raw).st_size):
        if daemon.poll() is not None:
            raise _failed(log_path, opening)
        if time.monotonic() > deadline:
            raise BuildError(f"qemu-storage-daemon did not export {opening.name} within {START_TIMEOUT:.0f} s")
        time.sleep(0.005)


def _stop(daemon: Running, pid_file: str, log_path: str, opening: Opening) -> None:
    with open(pid_file, encoding="ascii") as file:
        os.kill(int(file.read()), signal.SIGTERM)
    if daemon.wait(STOP_TIMEOUT) != 0:
        raise BuildError(f"qemu-storage-daemon did not close {opening.name} cleanly: {_last_line(log_path)}")


def _failed(log_path: str, opening: Opening) -> BuildError | HostError:
    said = _last_line(log_path)
    if "fuse" in said.lower():
        return HostError(f"qemu-storage-daemon cannot export by FUSE: {said}", hint="as root: apt-get install fuse3")
    return BuildError(f"qemu-storage-daemon cannot open {opening.name}: {said}")


def _last_line(log_path: str) -> str:
    with open(log_path, encoding="utf-8", errors="replace") as file:
        lines = [line.strip() for line in file if line.strip()]
    return lines[-1].removeprefix("qemu-storage-daemon: ") if lines else "it said nothing"
