"""The storage daemon's command line: all stated, nothing probed, and only the top of a chain written."""

from __future__ import annotations

import json

from goldsmith.guest.worker.backend import DiskFile
from goldsmith.guest.worker.storage import storage_argv

EXPORT = {
    "type": "fuse",
    "id": "export",
    "node-name": "top",
    "mountpoint": "/private/disk",
    "writable": True,
    "growable": False,
    "allow-other": "off",
}


def said(*chain: DiskFile) -> list[object]:
    """The command line with its JSON read."""
    argv = storage_argv(chain, "/private/disk", "/private/storage.pid")
    return [json.loads(word) if word.startswith("{") else word for word in argv]


def test_a_raw_disk() -> None:
    assert said(DiskFile("/images/a,b=c.raw", "raw")) == [
        "qemu-storage-daemon",
        "--blockdev",
        {
            "driver": "file",
            "node-name": "file0",
            "filename": "/images/a,b=c.raw",
            "read-only": False,
            "auto-read-only": False,
            "discard": "unmap",
        },
        "--blockdev",
        {"driver": "raw", "node-name": "top", "file": "file0", "read-only": False, "discard": "unmap"},
        "--export",
        EXPORT,
        "--pidfile",
        "/private/storage.pid",
    ]


def test_a_qcow2_of_which_no_backing_file_was_stated_has_none() -> None:
    node = said(DiskFile("/images/a.qcow2", "qcow2"))[4]
    assert node == {
        "driver": "qcow2",
        "node-name": "top",
        "file": "file0",
        "read-only": False,
        "discard": "unmap",
        "backing": None,
    }


def test_a_chain_is_opened_from_its_base_and_only_its_top_is_written() -> None:
    chain = (DiskFile("/o.qcow2", "qcow2"), DiskFile("/m.qcow2", "qcow2"), DiskFile("/b.raw", "raw"))
    below = {"read-only": True, "discard": "ignore"}
    top = {"read-only": False, "discard": "unmap"}
    assert said(*chain) == [
        "qemu-storage-daemon",
        "--blockdev",
        {"driver": "file", "node-name": "file2", "filename": "/b.raw", "auto-read-only": False, **below},
        "--blockdev",
        {"driver": "raw", "node-name": "disk2", "file": "file2", **below},
        "--blockdev",
        {"driver": "file", "node-name": "file1", "filename": "/m.qcow2", "auto-read-only": False, **below},
        "--blockdev",
        {"driver": "qcow2", "node-name": "disk1", "file": "file1", "backing": "disk2", **below},
        "--blockdev",
        {"driver": "file", "node-name": "file0", "filename": "/o.qcow2", "auto-read-only": False, **top},
        "--blockdev",
        {"driver": "qcow2", "node-name": "top", "file": "file0", "backing": "disk1", **top},
        "--export",
        EXPORT,
        "--pidfile",
        "/private/storage.pid",
    ]
